"""`make reconcile`: how sources, raw and star compared in the last run."""

import argparse
import sys

from psycopg2.extensions import connection as Connection

from cli.warehouse import ask

LAST_RUN = """
select batch_id, checked_at, table_name, measure, source_value, raw_value, trusted_value, rounding, is_equal
from ops.reconciliations
where batch_id = (select batch_id from ops.reconciliations order by checked_at desc limit 1)
order by table_name, measure != 'rows', measure != 'key_hash', measure
"""


def main() -> int:
    """Print the last run's comparison; return 1 when something differs or there is none."""
    argparse.ArgumentParser(prog="make reconcile", description=__doc__).parse_args()
    return ask(print_last_run)


def print_last_run(loader: Connection) -> int:
    """Print the figures of the newest run in ops.reconciliations; return 1 unless all are equal."""
    with loader, loader.cursor() as cursor:
        cursor.execute(LAST_RUN)
        rows = cursor.fetchall()
    if not rows:
        print("No run has compared sources, raw and star yet: run `make demo` first.", file=sys.stderr)
        return 1
    batch_id, checked_at, *_ = rows[0]
    print(f"{batch_id}, compared at {checked_at:%Y-%m-%d %H:%M:%S %Z}")
    print(f"\n{'raw table':28}{'measure':30}{'source':>26}{'raw':>26}{'trusted':>26}")
    for _, _, *row in rows:
        print(_line(*row))
    return 0 if all(row[-1] for row in rows) else 1


def _line(table, measure, source, raw, trusted, rounding, is_equal) -> str:
    # A hash has no thousands.
    shape = "" if measure == "key_hash" else ","
    figures = ("" if value is None else format(value, shape) for value in (source, raw, trusted))
    remarks = ([f"rounded by {rounding:,}"] if rounding else []) + ([] if is_equal else ["differs"])
    columns = "".join(f"{figure:>26}" for figure in figures)
    return f"{table:28}{measure:30}{columns}  {', '.join(remarks)}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
