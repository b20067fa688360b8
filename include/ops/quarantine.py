"""The table quarantine.rejected_rows: every row or document that could not be loaded, as it came."""

from collections.abc import Iterable

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from include.ops.load_runs import Load
from include.rules.rejected import Rejected
from include.run import Batch

FORGET = "delete from quarantine.rejected_rows where (batch_id, stage, source_name) = (%s, %s, %s)"
STORE = """
insert into quarantine.rejected_rows (
    batch_id, stage, source_name, table_name, as_of,
    position, column_name, value, reason, rule, row_text, header
) values %s
on conflict (batch_id, stage, source_name, position) do update set
    table_name = excluded.table_name, as_of = excluded.as_of, column_name = excluded.column_name,
    value = excluded.value, reason = excluded.reason, rule = excluded.rule, row_text = excluded.row_text,
    header = excluded.header, rejected_at = excluded.rejected_at, released_at = null, release = null
"""


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
            cursor.execute(FORGET, place)
        execute_values(cursor, STORE, rows, page_size=1000)
