"""How fresh each table of raw and of the star is: its day, when it came, its rows. Nothing is counted."""

from dataclasses import dataclass
from datetime import date, datetime

from psycopg2.extensions import cursor as Cursor

from include.ops.publications import current_publication

# Rows: those that were alive in the source when it was last read, which raw equals.
RAW = """
select distinct on (loads.table_name)
    loads.table_name,
    loads.as_of,
    loads.started_at + loads.seconds * interval '1 second',
    figures.value::bigint
from ops.load_runs as loads
left join ops.source_figures as figures
    on loads.table_name = figures.table_name and figures.measure = 'rows'
where loads.stage = 'extract'
order by loads.table_name, loads.load_run_id desc
"""


@dataclass(frozen=True)
class TableFreshness:
    """A table with its newest business day, when its data came, and its rows; None for what nobody noted."""

    name: str
    as_of: date | None
    loaded_at: datetime
    rows: int | None


def raw_freshness(cursor: Cursor) -> list[TableFreshness]:
    """Return each raw table as its last load left it, by name."""
    cursor.execute(RAW)
    return [TableFreshness(*row) for row in cursor.fetchall()]


def trusted_freshness(cursor: Cursor) -> list[TableFreshness]:
    """Return each table that readers see, by name, as of its publication; none before the first one."""
    seen = current_publication(cursor)
    counts = sorted(seen.row_counts.items()) if seen else []
    return [TableFreshness(name, seen.as_of, seen.published_at, rows) for name, rows in counts]
