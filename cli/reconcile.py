"""`make reconcile`: how sources, raw and star compared in the last run."""

import sys

from psycopg2.extensions import connection as Connection

from cli.output import print_table
from include.ops.fingerprint import KEY_HASH, ROW_HASH
from include.quality import last_comparison

LAST_RUN = """
select batch_id, checked_at, table_name, measure, source_value, raw_value, trusted_value, rounding, is_equal
from ops.reconciliations
where batch_id = (select batch_id from ops.reconciliations order by checked_at desc limit 1)
order by table_name, array_position(array['rows', 'key_hash', 'row_hash'], measure), measure
"""
HEADERS = ("raw table", "measure", "source", "raw", "trusted", "")
LINE = "{:28}{:30}{:>28}{:>28}{:>28}  {}"


def print_last_run(loader: Connection) -> int:
    """Print the figures of the newest run in ops.reconciliations, and how sessions of devices compare.

    Returns 1 unless all are equal.
    """
    with loader, loader.cursor() as cursor:
        cursor.execute(LAST_RUN)
        rows = cursor.fetchall()
    if not rows:
        print("No run has compared sources, raw and star yet: run `make demo` first.", file=sys.stderr)
        return 1
    batch_id, checked_at, *_ = rows[0]
    print(f"{batch_id}, compared at {checked_at:%Y-%m-%d %H:%M:%S %Z}\n")
    print_table(HEADERS, LINE, map(_row, rows))
    if streamed := last_comparison(loader, batch_id):
        print(f"\n{streamed}")
    is_equal = all(row[-1] for row in rows) and not (streamed and streamed.differ)
    return 0 if is_equal else 1


def _row(row: tuple) -> tuple:
    """Return what is shown of a comparison: a hash has no thousands."""
    _, _, table, measure, *figures, rounding, is_equal = row
    if measure in (KEY_HASH, ROW_HASH):
        figures, rounding = ["" if figure is None else str(figure) for figure in figures], 0
    remarks = ([f"rounded by {rounding:,}"] if rounding else []) + ([] if is_equal else ["differs"])
    return (table, measure, *figures, ", ".join(remarks))
