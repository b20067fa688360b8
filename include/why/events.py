"""What happened to the data of a day or week: late, deleted and rejected rows, drift, runs and publications.

Read from the view that include/ops/health.py defines, of ops or of the star.
"""

from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import cursor as Cursor

from include.why.compared import Period

EVENTS = "select kind, first_day, last_day, as_of, what, rows from {view}"
CONCERNING = f"{EVENTS} where first_day <= %(last)s and last_day >= %(first)s"
OF_OPS = "ops.data_events"
# How each kind is said, in the order in which they are told.
KINDS = {
    "late": "{what}: {rows:,} came late, or were changed after the run that brought the time",
    "deleted": "{what}: {rows:,} were deleted by the source since",
    "rejected": "{what}: {rows:,} rejected for the first time, see make quarantine",
    "drift": "the source changed its shape: {what}",
    "no run": "no run finished a load as of this day",
    "unfinished": "a run did not finish its load of {what}",
    "failed": "dbt failed: {what}",
    "published": "{what} of the star was published",
    "rolled back": "{what} of the star was given to readers again",
}


@dataclass(frozen=True)
class Event:
    """Something that happened as of a day to the data of some days; `rows` is 0 where none are counted."""

    kind: str
    first_day: date
    last_day: date
    as_of: date
    what: str
    rows: int

    def __str__(self) -> str:
        return f"as of {self.as_of}: {KINDS[self.kind].format(what=self.what, rows=self.rows)}"

    def concerns(self, period: Period) -> bool:
        """Tell whether a day of the period is among its days."""
        return self.first_day <= period.last and self.last_day >= period.start


def read_events(cursor: Cursor, period: Period) -> list[Event]:
    """Return what happened to the data of the period, by kind and day, as elt_loader."""
    cursor.execute(CONCERNING.format(view=OF_OPS), {"first": period.start, "last": period.last})
    return _told(cursor)


def all_events(cursor: Cursor, view: str) -> list[Event]:
    """Return all that happened, by kind and day, from the view of the star."""
    cursor.execute(EVENTS.format(view=view))
    return _told(cursor)


def _told(cursor: Cursor) -> list[Event]:
    kinds = list(KINDS)
    found = [Event(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.as_of, one.first_day, one.what))
