"""The log ops.publications: which version of the star readers got, when, and what it held."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from psycopg2.extensions import cursor as Cursor

COLUMNS = "action, version, batch_id, invocation_id, as_of, published_at, seconds, row_counts"


@dataclass(frozen=True)
class Contents:
    """Rows and checksum of each table of a star."""

    row_counts: dict[str, int]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Publication:
    """One change of what readers see."""

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
        """Return what a task hands on: numbers and texts only."""
        as_of = self.as_of and self.as_of.isoformat()
        shown = {name: asdict(self)[name] for name in ("action", "version", "batch_id", "row_counts")}
        return shown | {"as_of": as_of, "seconds": float(self.seconds)}


def record_publication(
    cursor: Cursor,
    action: str,
    marker: dict[str, object],
    contents: Contents,
    started: float,
) -> Publication:
    """Write the publication down, in the transaction that makes it.

    `marker` says which star it is; `started` is the server's clock in seconds when the work began.
    """
    cursor.execute(
        "insert into ops.publications (action, version, batch_id, invocation_id, as_of, seconds, row_counts,"
        " checksums) values (%s, %s, %s, %s, %s, extract(epoch from clock_timestamp()) - %s, %s, %s)"
        f" returning {COLUMNS}",
        (
            action,
            marker["version"],
            marker.get("batch_id", ""),
            marker.get("invocation_id", ""),
            marker.get("as_of"),
            started,
            json.dumps(contents.row_counts),
            json.dumps(contents.checksums),
        ),
    )
    return Publication(*cursor.fetchone())


def next_version(cursor: Cursor) -> int:
    """Return the number of the next version; the caller holds the lock of publishing."""
    cursor.execute("select coalesce(max(version), 0) + 1 from ops.publications")
    return cursor.fetchone()[0]


def current_publication(cursor: Cursor) -> Publication | None:
    """Return the publication that readers see; none before the first one."""
    return _last(cursor, "true")


def publication_of_batch(cursor: Cursor, batch_id: str) -> Publication | None:
    """Return the last version that the run published."""
    return _last(cursor, "action = 'publish' and batch_id = %s", batch_id)


def latest_publications(cursor: Cursor, limit: int) -> list[Publication]:
    """Return the last publications, newest first."""
    cursor.execute(f"select {COLUMNS} from ops.publications order by publication_id desc limit %s", (limit,))
    return [Publication(*row) for row in cursor.fetchall()]


def _last(cursor: Cursor, condition: str, *parameters: object) -> Publication | None:
    cursor.execute(
        f"select {COLUMNS} from ops.publications where {condition} order by publication_id desc limit 1",
        parameters,
    )
    row = cursor.fetchone()
    return Publication(*row) if row else None
