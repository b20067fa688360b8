"""Which publication readers see, and how fresh it is: as the star tells them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg2.extensions import cursor as Cursor

TRUSTED = "trusted"
FRESHNESS = """
select
    version, star_as_of, published_at, last_run_as_of, last_loaded_at, complete_through,
    coalesce(rejected_rows, 0)
from {}.data_freshness
"""
# As dbt's warning of sources that are not fresh.
STALE = timedelta(hours=36)


@dataclass(frozen=True)
class Health:
    """What readers are told. Times are UTC, without saying so; what is not known is None.

    `as_of` is the business day of the star, `complete_through` that up to which no load is missing.
    """

    version: int | None
    as_of: date | None = None
    published_at: datetime | None = None
    last_run_as_of: date | None = None
    last_loaded_at: datetime | None = None
    complete_through: date | None = None
    rejected_rows: int | None = None

    def stale_for(self, now: datetime) -> timedelta | None:
        """Return how long ago the last load was; None while that is not too long."""
        if self.last_loaded_at is None:
            return None
        age = now - self.last_loaded_at.replace(tzinfo=UTC)
        return age if age > STALE else None


def read_health(cursor: Cursor, schema: str = TRUSTED) -> Health:
    """Return the health of the star that readers see: as they are told, or as ops has it at this moment."""
    cursor.execute(FRESHNESS.format(schema))
    return Health(*cursor.fetchone())
