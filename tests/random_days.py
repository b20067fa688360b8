"""Random days of a small product, written straight into raw as loads leave it.

Data flow: random edits of users, titles and sessions -> one load: changed rows of raw get its stamp, those
that are gone their _deleted_at, all others stay as they are.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

from include.tables import raw_tables
from tests.conftest import Platform
from tests.raw_rows import upsert

Row = dict[str, object]
Make = Callable[[str], Row]

FIRST_DAY = date(2024, 8, 28)
FIRST_STAMP = datetime(2024, 9, 1, 6, tzinfo=UTC)
USERS = [f"U{number:02}" for number in range(32)]
TITLES = [f"{'MS'[number % 2]}{number:02}" for number in range(12)]
COUNTRIES = ["Chile", "France", "Kenya", "Peru", " ", None]
PLANS = ["Basic", "Standard", "Premium", None]
DEVICES = ["Mobile", "Tablet", "Fridge", "Unknown", "", None]
QUALITIES = ["SD", "HD", "4K", "8K", None]
GENRES = ["Drama", "Crime", "War", "Unknown"]
GONE = """
update raw.mongo_content_genres
set (_batch_id, _as_of, _loaded_at, _deleted_at) = (%(_batch_id)s, %(_as_of)s, %(_loaded_at)s, %(_loaded_at)s)
where content_id = %(key)s and _deleted_at is null
"""


class Kind:
    """The rows of one raw table by key: those the source has, those it had, and what the next load brings."""

    def __init__(self, table: str) -> None:
        self.table = table
        (self.key,) = raw_tables()[table].raw_key
        self.live: dict[str, Row] = {}
        self.gone: dict[str, Row] = {}
        self.touched: set[str] = set()

    def put(self, row: Row) -> None:
        key = str(row[self.key])
        self.gone.pop(key, None)
        self.live[key] = row
        self.touched.add(key)

    def delete(self, key: str) -> None:
        self.gone[key] = self.live.pop(key)
        self.touched.add(key)


class RandomDays:
    """A product in which something happens every day; the same seed gives the same days."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self.platform, self.seed, self.random = platform, seed, Random(seed)
        self.loads, self.day = 0, FIRST_DAY
        self.users = Kind("postgres_users")
        self.sessions = Kind("postgres_viewing_sessions")
        self.movies = Kind("mongo_movies")
        self.series = Kind("mongo_series")

    def __str__(self) -> str:
        return f"seed {self.seed} after {self.loads} loads"

    def first(self) -> None:
        """Load a product that has hardly begun."""
        self.users.put(self._user("U00"))
        self.sessions.put(self._session("first"))
        self.load()

    def next(self) -> None:
        """Load another day; now and then twice, so that something changes twice on one business date."""
        self.day += timedelta(days=self.random.choice([1, 1, 1, 7]))
        self.again()
        if self.random.random() < 0.3:
            self.again()

    def again(self) -> None:
        """Load what happened since, for the same business date."""
        self._change(self.users, USERS, self._user, new=5, changed=3, deleted=2)
        self._change(self.movies, TITLES[::2], self._title, new=2, changed=1, deleted=1)
        self._change(self.series, TITLES[1::2], self._title, new=2, changed=1, deleted=1)
        number = len(self.sessions.live) + len(self.sessions.gone)
        names = [f"V{number + more:04}" for more in range(90)]
        self._change(self.sessions, names, self._session, new=90, changed=12, deleted=8)
        self.load()

    def load(self) -> None:
        """Write what was touched since the last load, with one stamp that is later than all before."""
        self.loads += 1
        with self.platform.connect("elt_loader") as connection, connection.cursor() as cursor:
            for kind in (self.users, self.sessions, self.movies, self.series):
                for key in sorted(kind.touched):
                    self._write(cursor, kind, key)
                kind.touched.clear()
        connection.close()

    def _change(
        self, kind: Kind, names: list[str], make: Make, *, new: int, changed: int, deleted: int
    ) -> None:
        """Delete some, bring some of the deleted back, change some, add some new ones: at most so many."""
        for key in self._some(kind.live, deleted):
            kind.delete(key)
        for key in self._some(kind.gone, deleted):
            kind.put(self._edited(kind.gone[key], make(key)))
        for key in self._some(kind.live, changed):
            kind.put(self._edited(kind.live[key], make(key)))
        for key in self._some([name for name in names if name not in kind.live | kind.gone], new):
            kind.put(make(key))

    def _edited(self, row: Row, other: Row) -> Row:
        """Return the row with up to two values of the other one; sometimes as it was."""
        names = self.random.sample(sorted(row), self.random.randint(0, 2))
        return row | {name: other[name] for name in names}

    def _some(self, keys: object, most: int) -> list[str]:
        keys = sorted(keys)
        return self.random.sample(keys, min(len(keys), self.random.randint(0, most)))

    def _user(self, user_id: str) -> Row:
        chance = self.random
        return {
            "user_id": user_id,
            "age": chance.choice([None, 12, 20, 40, 70]),
            "country": chance.choice(COUNTRIES),
            "subscription_type": chance.choice(PLANS),
            "registration_date": self.day - timedelta(days=chance.choice([0, 0, 1, 20, 40, 70])),
            "total_watch_time_hours": chance.randint(0, 900) / 10,
        }

    def _session(self, session_id: str) -> Row:
        chance = self.random
        return {
            "session_id": session_id,
            # Some users and titles are not known yet, one of each never will be.
            "user_id": chance.choice([*USERS, "U never", None]),
            "content_id": chance.choice([*TITLES, "M never", None]),
            "watch_date": self.day - timedelta(days=chance.choice([0, 0, 1, 2, 5, 30, 31, 65])),
            "watch_duration_minutes": chance.choice([0, 0.5, 30, 61.25, 120.01]),
            "completion_percentage": chance.choice([0, 33.33, 89.99, 90, 100]),
            "device_type": chance.choice(DEVICES),
            "quality_level": chance.choice(QUALITIES),
        }

    def _title(self, content_id: str) -> Row:
        chance = self.random
        views = "views_count" if content_id.startswith("M") else "total_views"
        return {
            "content_id": content_id,
            "title": chance.choice(["One", "Two", "Three"]),
            "rating": chance.randint(0, 99) / 10,
            views: chance.randint(0, 5000),
            "production_budget": chance.choice([None, 1_000_000]),
            "genres": chance.sample(GENRES, chance.randint(0, 3)),
        }

    def _write(self, cursor: object, kind: Kind, key: str) -> None:
        stamp = FIRST_STAMP + timedelta(minutes=self.loads)
        facts = {"_batch_id": f"load {self.loads}", "_as_of": self.day, "_loaded_at": stamp}
        row = dict(kind.live.get(key) or kind.gone[key])
        deleted = {"_deleted_at": None if key in kind.live else stamp}
        if "genres" in row:
            genres = row.pop("genres")
            row["_document"] = "{}"
            cursor.execute(GONE, facts | {"key": key})
            for position, genre in enumerate(genres):
                child = {"content_id": key, "position": position, "genre": genre} | facts | deleted
                cursor.execute(upsert("mongo_content_genres", child), child)
        row |= facts | deleted
        cursor.execute(upsert(kind.table, row), row)
