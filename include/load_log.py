"""What every load writes down: a row in ops.load_runs, and its rejected rows in quarantine.

For each load `read = inserted + updated + unchanged + quarantined`; the table checks it.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from include.run import Batch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rejected:
    """A row or document that could not be loaded: where it stood, what is wrong, and how it came.

    `header` is the first line of the CSV file, without which the row says little.
    """

    position: str
    column: str | None
    value: str | None
    reason: str
    row: str
    header: str | None = None


@dataclass
class Load:
    """The numbers of one load of one table."""

    stage: str
    table: str
    started_at: datetime
    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    quarantined: int = 0
    watermark: datetime | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.read - self.inserted - self.updated - self.quarantined

    def summary(self) -> dict[str, int | str]:
        """Return the numbers by name, for XCom and for people."""
        numbers = ("read", "inserted", "updated", "unchanged", "deleted", "quarantined")
        return {"table": self.table} | {name: getattr(self, name) for name in numbers}


def record_load(warehouse: Connection, load: Load, batch: Batch) -> None:
    """Write the load into ops.load_runs, in the caller's transaction, and into the log."""
    with warehouse.cursor() as cursor:
        cursor.execute(
            "insert into ops.load_runs (batch_id, as_of, stage, table_name, started_at, seconds, rows_read,"
            " rows_inserted, rows_updated, rows_unchanged, rows_quarantined, rows_deleted, watermark)"
            " values (%(batch_id)s, %(as_of)s, %(stage)s, %(table)s, %(started_at)s,"
            " extract(epoch from clock_timestamp() - %(started_at)s), %(read)s, %(inserted)s, %(updated)s,"
            " %(unchanged)s, %(quarantined)s, %(deleted)s, %(watermark)s) returning seconds",
            {**vars(batch), **vars(load), "unchanged": load.unchanged},
        )
        (seconds,) = cursor.fetchone()
    log.info(
        "%s: read %s rows, inserted %s, updated %s, unchanged %s, deleted %s, quarantined %s in %.1f s",
        *(f"{value:,}" if isinstance(value, int) else value for value in load.summary().values()),
        seconds,
    )
    for note in load.notes:
        log.warning("%s: %s", load.table, note)


def store_rejected(
    warehouse: Connection, load: Load, source_name: str, rejected: Iterable[Rejected], batch: Batch
) -> None:
    """Write the rejected rows into quarantine, in the caller's transaction.

    A file is read whole every time, so a repeated load replaces what its batch wrote before. An extraction
    reads what changed: it adds to what its batch found before.
    """
    place = (batch.batch_id, load.stage, source_name)
    rows = ((*place, load.table, batch.as_of, *vars(row).values()) for row in rejected)
    with warehouse.cursor() as cursor:
        if load.stage == "seed":
            cursor.execute(
                "delete from quarantine.rejected_rows where (batch_id, stage, source_name) = (%s, %s, %s)",
                place,
            )
        execute_values(
            cursor,
            "insert into quarantine.rejected_rows (batch_id, stage, source_name, table_name, as_of, position,"
            " column_name, value, reason, row_text, header) values %s"
            " on conflict (batch_id, stage, source_name, position) do update set"
            " (table_name, as_of, column_name, value, reason, row_text, header, rejected_at, released_at,"
            " release) = (excluded.table_name, excluded.as_of, excluded.column_name, excluded.value,"
            " excluded.reason, excluded.row_text, excluded.header, excluded.rejected_at, null, null)",
            rows,
            page_size=1000,
        )
