"""The table quarantine.rejected_rows: every rejected row or document, with its original text."""

from collections.abc import Iterable

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from include.ops.load_runs import Load
from include.rules.rejected import Rejected
from include.run import Batch

DELETE = "delete from quarantine.rejected_rows where (batch_id, stage, source_name) = (%s, %s, %s)"
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
    """Store the rejected rows in quarantine, in the caller's transaction.

    The seed reads whole files, so a repeated load of a batch replaces the rows that the batch stored before.
    An extraction reads changes only, so its rows are added to them.
    """
    place = (batch.batch_id, load.stage, source_name)
    rows = ((*place, load.table, batch.as_of, *vars(row.storable).values()) for row in rejected)
    with warehouse.cursor() as cursor:
        if load.stage == "seed":
            cursor.execute(DELETE, place)
        execute_values(cursor, STORE, rows, page_size=1000)
