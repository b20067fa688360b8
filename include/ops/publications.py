"""The table ops.publications: each version of the star that readers got, when, with rows and checksums."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL

COLUMNS = SQL("action, version, batch_id, invocation_id, as_of, published_at, seconds, row_counts")
RECORD = """
insert into ops.publications (
    action, version, batch_id, invocation_id, as_of, seconds, row_counts, checksums
) values (
    %(action)s, %(version)s, %(batch_id)s, %(invocation_id)s, %(as_of)s,
    extract(epoch from clock_timestamp()) - %(started)s, %(row_counts)s, %(checksums)s
)
returning {columns}
"""
NEWEST = """
select {columns} from ops.publications
where {condition}
order by publication_id desc limit %(limit)s
"""


@dataclass(frozen=True)
class Contents:
    """Row count and checksum of each table of a star."""

    row_counts: dict[str, int]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Publication:
    """A row of ops.publications: a publication or a rollback."""

    action: str
    version: int
    batch_id: str
    invocation_id: str
    as_of: date | None
    published_at: datetime
    seconds: float
    row_counts: dict[str, int]

    def __str__(self) -> str:
        return f"version {self.version} (as of {self.as_of or 'an unknown day'}, run {self.batch_id})"

    def summary(self) -> dict[str, object]:
        """Return what a task returns to XCom: numbers and texts only."""
        as_of = self.as_of and self.as_of.isoformat()
        shown = {name: asdict(self)[name] for name in ("action", "version", "batch_id", "row_counts")}
        return shown | {"as_of": as_of, "seconds": float(self.seconds)}


def record_publication(
    cursor: Cursor, action: str, marker: dict[str, object], contents: Contents, started: float
) -> Publication:
    """Insert the publication, in the transaction that renames the schemas.

    `marker` identifies the star; `started` is the server's clock at the start of the work, in epoch seconds.
    """
    star = {"batch_id": "", "invocation_id": "", "as_of": None, **marker}
    figures = {name: json.dumps(counts) for name, counts in asdict(contents).items()}
    query = SQL(RECORD).format(columns=COLUMNS)
    cursor.execute(query, {**star, **figures, "action": action, "started": started})
    return Publication(*cursor.fetchone())


def next_version(cursor: Cursor) -> int:
    """Return the number of the next version; the caller holds the lock of the star."""
    cursor.execute("select coalesce(max(version), 0) + 1 from ops.publications")
    return cursor.fetchone()[0]


def current_publication(cursor: Cursor) -> Publication | None:
    """Return the publication that readers see; None before the first one."""
    return next(iter(_newest(cursor, 1)), None)


def publication_of_batch(cursor: Cursor, batch_id: str) -> Publication | None:
    """Return the newest publication by the run; None when it published nothing."""
    condition = "action = 'publish' and batch_id = %(batch_id)s"
    return next(iter(_newest(cursor, 1, condition, batch_id=batch_id)), None)


def publication_of_day(cursor: Cursor, day: date) -> Publication | None:
    """Return the newest publication as of the business day; None when nothing was published of it."""
    return next(iter(_newest(cursor, 1, "action = 'publish' and as_of = %(day)s", day=day)), None)


def latest_publications(cursor: Cursor, limit: int) -> list[Publication]:
    """Return at most `limit` publications, newest first."""
    return _newest(cursor, limit)


def _newest(cursor: Cursor, limit: int, condition: str = "true", **parameters: object) -> list[Publication]:
    """Return at most `limit` publications that fulfil the condition, newest first."""
    query = SQL(NEWEST).format(columns=COLUMNS, condition=SQL(condition))
    cursor.execute(query, {"limit": limit, **parameters})
    return [Publication(*row) for row in cursor.fetchall()]
