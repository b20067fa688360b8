"""The people: who joins, what they like, and what happens to their accounts day by day.

Data flow: Pace -> Users.advance(day), day by day -> UserDay (what happened), columns of users.csv.
Users are known by their index, the order in which they signed up; index 0 is U0001.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from include.generate.catalogue import GENRE_WEIGHTS, GENRES
from include.generate.streams import stream
from include.generate.timeline import Pace, date_of

PLANS = ("Basic", "Standard", "Premium")
DEVICES = ("Mobile", "Smart TV", "Desktop", "Tablet", "Gaming Console")
DEVICE_SHARES = (0.31, 0.31, 0.18, 0.12, 0.08)
COUNTRIES = {
    "United States": 24, "Brazil": 10, "United Kingdom": 8, "Mexico": 7, "Germany": 7, "Canada": 6,
    "France": 6, "Spain": 5, "India": 5, "Argentina": 4, "Japan": 4, "Australia": 3, "Italy": 3,
    "South Korea": 2, "Colombia": 2, "Netherlands": 2, "Poland": 2, "Chile": 1, "Sweden": 1,
    "Turkey": 1, "South Africa": 1, "Portugal": 1,
}  # fmt: skip
COUNTRY_SHARES = np.array(list(COUNTRIES.values())) / sum(COUNTRIES.values())
BIRTHDAYS = np.array([d.month * 100 + d.day for d in (date.fromordinal(n) for n in range(1, 366))])


@dataclass(frozen=True)
class UserDay:
    """The users to whom something happened on one day, as indexes."""

    joined: np.ndarray
    left: np.ndarray
    replanned: np.ndarray
    moved: np.ndarray


class Users:
    """Everyone who ever signed up, as columns, in the state of the last day advanced to."""

    def __init__(self, seed: int, pace: Pace) -> None:
        self._seed, self._pace = seed, pace
        total = int(pace.signups[-1])
        self.joined_on = np.zeros(total, np.int32)
        self.age_at_signup = np.zeros(total, np.int16)
        self.birthday = np.zeros(total, np.int16)  # month * 100 + day
        self.country = np.zeros(total, np.int8)
        self.plan = np.zeros(total, np.int8)
        self.device = np.zeros(total, np.int8)  # the favourite one
        self.genres = np.zeros(total, np.int16)  # the favourite ones, one bit each
        self.activity = np.zeros(total)
        self.active = np.zeros(total, bool)

    def advance(self, day: int) -> UserDay:
        """Let one day pass and say what happened; days must come in order, from 0."""
        present = np.flatnonzero(self.active)
        left = self._pick_leavers(day, present)
        self.active[left] = False
        staying = present[self.active[present]]
        replanned = self._pick("plan changes", self._pace.plan_changes, day, staying)
        moved = self._pick("country moves", self._pace.country_moves, day, staying)
        self._change_plans(day, replanned)
        self._move(day, moved)
        return UserDay(self._sign_up(day), left, replanned, moved)

    def ages(self, today: date) -> np.ndarray:
        """Give everyone's age in whole years on a date."""
        joined = np.array([date_of(day).timetuple()[:3] for day in range(self.joined_on.max() + 1)])
        year, month, day = joined[self.joined_on].T
        had_at_signup = year - (month * 100 + day < self.birthday)
        return self.age_at_signup + today.year - (_in_year(today) < self.birthday) - had_at_signup

    def _pick(self, name: str, counts: np.ndarray, day: int, among: np.ndarray) -> np.ndarray:
        """Pick as many users as the pace plans for the day, all with the same chance."""
        wanted = _on_day(counts, day)
        if not wanted:
            return among[:0]
        return stream(self._seed, name, day).choice(
            among, min(wanted, len(among)), replace=False, shuffle=False
        )

    def _pick_leavers(self, day: int, present: np.ndarray) -> np.ndarray:
        """Pick who cancels: of three times as many people, those who watch least."""
        wanted = min(_on_day(self._pace.cancellations, day), max(len(present) - 1, 0))
        if not wanted:
            return present[:0]
        random = stream(self._seed, "cancellations", day)
        asked = random.choice(present, min(3 * wanted, len(present)), replace=False)
        return asked[np.argsort(self.activity[asked], kind="stable")[:wanted]]

    def _change_plans(self, day: int, who: np.ndarray) -> None:
        """Move to the neighbouring plan; from the middle one, somewhat more often up than down."""
        up = stream(self._seed, "new plans", day).random(len(who)) < 0.55
        self.plan[who] = np.where(self.plan[who] == 1, np.where(up, 2, 0), 1)

    def _move(self, day: int, who: np.ndarray) -> None:
        """Move to another country than the present one, big ones more often."""
        drawn = stream(self._seed, "new countries", day).choice(
            len(COUNTRIES), (len(who), 2), p=COUNTRY_SHARES
        )
        old = self.country[who]
        other = np.where(drawn[:, 1] != old, drawn[:, 1], (old + 1) % len(COUNTRIES))
        self.country[who] = np.where(drawn[:, 0] != old, drawn[:, 0], other)

    def _sign_up(self, day: int) -> np.ndarray:
        """Fill the columns of those who join today."""
        after = int(self._pace.signups[day])
        count = _on_day(self._pace.signups, day)
        who, random = slice(after - count, after), stream(self._seed, "signups", day)
        self.joined_on[who] = day
        self.age_at_signup[who] = np.clip(13 + random.gamma(3.2, 7.5, count), 16, 90)
        self.birthday[who] = random.choice(BIRTHDAYS, count)
        self.country[who] = random.choice(len(COUNTRIES), count, p=COUNTRY_SHARES)
        self.plan[who] = random.choice(len(PLANS), count, p=(0.36, 0.41, 0.23))
        self.device[who] = random.choice(len(DEVICES), count, p=DEVICE_SHARES)
        liked = random.choice(len(GENRES), (count, 3), p=GENRE_WEIGHTS)
        self.genres[who] = np.bitwise_or.reduce(1 << liked, axis=1)
        self.activity[who] = random.lognormal(0.0, 0.85, count)
        self.active[who] = True
        return np.arange(after - count, after)


def _on_day(counts: np.ndarray, day: int) -> int:
    return int(counts[day] - (counts[day - 1] if day else 0))


def _in_year(day: date) -> int:
    return day.month * 100 + day.day
