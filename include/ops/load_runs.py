"""The table ops.load_runs: how many rows each load of a table read, wrote and rejected.

Always `read = inserted + updated + unchanged + quarantined`, where `read` is what the source handed out, and
the others are counted where the rows end up. A load for which it does not hold lost rows, and is not kept.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.errors import DataQualityError
from include.run import Batch

log = logging.getLogger(__name__)

RECORD = """
insert into ops.load_runs (
    batch_id, as_of, stage, table_name, started_at, seconds, rows_read, rows_inserted,
    rows_updated, rows_unchanged, rows_quarantined, rows_deleted, watermark
) values (
    %(batch_id)s, %(as_of)s, %(stage)s, %(table)s, %(started_at)s,
    extract(epoch from clock_timestamp() - %(started_at)s), %(read)s, %(inserted)s,
    %(updated)s, %(unchanged)s, %(quarantined)s, %(deleted)s, %(watermark)s
)
returning seconds
"""
# Loads of a table commit in the order of their numbers, since each holds the table's lock; those of several
# tables do not. Of events that came through Kafka it is how many messages were read.
STATE_OF_RAW = """
select coalesce(string_agg(table_name || ' ' || newest, ', ' order by table_name), '')
from (
    select table_name, max(load_run_id) as newest
    from ops.load_runs
    where stage = 'extract' and rows_loaded + rows_deleted > 0
    group by table_name
    union all
    select 'kafka_playback_events', sum(next_offset) from ops.kafka_partitions having sum(next_offset) > 0
) as changes
"""


@dataclass
class Load:
    """The numbers of one load of one table."""

    stage: str
    table: str
    started_at: datetime
    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    watermark: datetime | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def accounted(self) -> int:
        """How many rows ended up somewhere."""
        return self.inserted + self.updated + self.unchanged + self.quarantined

    def summary(self) -> dict[str, int | str]:
        """Return the table's name and the numbers, for XCom and the log."""
        numbers = ("read", "inserted", "updated", "unchanged", "deleted", "quarantined")
        return {"table": self.table} | {name: getattr(self, name) for name in numbers}


def record_load(warehouse: Connection, load: Load, batch: Batch) -> None:
    """Write the load into ops.load_runs, in the caller's transaction, and into the log.

    Raises DataQualityError when rows were lost on the way.
    """
    if load.read != load.accounted:
        raise DataQualityError(
            f"{load.table}: {load.read:,} rows were read, and {load.accounted:,} are accounted for"
            f" ({load.inserted:,} inserted, {load.updated:,} updated, {load.unchanged:,} unchanged,"
            f" {load.quarantined:,} quarantined). Nothing of this load was kept; please report it"
        )
    with warehouse.cursor() as cursor:
        cursor.execute(RECORD, {**vars(batch), **vars(load)})
        (seconds,) = cursor.fetchone()
    log.info(
        "%s: read %s rows, inserted %s, updated %s, unchanged %s, deleted %s, quarantined %s in %.1f s",
        *(f"{value:,}" if isinstance(value, int) else value for value in load.summary().values()),
        seconds,
    )
    for note in load.notes:
        log.warning("%s: %s", load.table, note)


def state_of_raw(cursor: Cursor) -> str:
    """Return for each raw table the last load that changed it, such as "mongo_movies 5, postgres_users 9".

    Equal texts mean equal rows, as long as only loads write into raw. It is empty before the first load.
    """
    cursor.execute(STATE_OF_RAW)
    return cursor.fetchone()[0]
