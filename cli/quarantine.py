"""`make quarantine`: which rows could not be loaded, by table and reason, and ten of them as they came."""

from collections.abc import Iterable

from psycopg2.extensions import connection as Connection

from cli.output import print_table
from include.rules.reasons import REPEATED_KEY, sentence
from include.rules.texts import quoted

# Rows that repeat a key name another line each, and have one fault.
SHARED = sentence(REPEATED_KEY, "another line")
REASON = f"concat_ws(' ', column_name, case rule when '{REPEATED_KEY}' then '{SHARED}' else reason end)"
LATEST = """
select batch_id, as_of from quarantine.rejected_rows where released_at is null
order by rejected_at desc, rejected_row_id desc limit 1
"""
COUNTS = f"""
select stage, table_name, {REASON} as what, count(*)
from quarantine.rejected_rows
where (%(batch_id)s is null or batch_id = %(batch_id)s) and released_at is null
group by stage, table_name, what order by count(*) desc, stage, table_name, what
"""
# Each reason has its turn before one comes twice.
SAMPLE = f"""
with rejected as (
    select *, row_number() over (
        partition by stage, table_name, {REASON} order by rejected_row_id
    ) as turn
    from quarantine.rejected_rows where batch_id = %s and released_at is null
)

select source_name, position, column_name, value, reason, row_text from rejected
order by turn, rejected_row_id limit 10
"""
LINE = "{:>11}  {:9}{:27}{}"
WIDTH = 160


def print_quarantine(loader: Connection) -> None:
    """Print counts of the latest batch that rejected rows, a sample of it, and counts of all batches."""
    with loader, loader.cursor() as cursor:
        cursor.execute(LATEST)
        latest = cursor.fetchone()
        if latest is None:
            print("Nothing is in quarantine: every row that was read was loaded, or left it again.")
            return
        batch_id, as_of = latest
        cursor.execute(COUNTS, {"batch_id": batch_id})
        _print_counts(f"Rejected in {batch_id}, as of {as_of}, the latest batch with rejected rows", cursor)
        cursor.execute(SAMPLE, (batch_id,))
        _print_sample(cursor.fetchall())
        cursor.execute(COUNTS, {"batch_id": None})
        _print_counts("Rejected in all batches: a row counts in each that met it", cursor)


def _print_counts(title: str, rows: Iterable[tuple]) -> None:
    print(f"\n{title}")
    print_table([""] * 4, LINE, [(count, stage, table, what) for stage, table, what, count in rows])


def _print_sample(rows: list[tuple]) -> None:
    print("\nSome of them")
    for source, position, column, value, reason, row in rows:
        shown = quoted(value and value.replace("\n", " "))
        what = f"{column} {shown} {reason}" if column else reason
        print(f"  {source}, {position}: {_cut(what)}")
        print(f"      {_line(row)}")


def _line(text: str | None) -> str | None:
    """Return the text on one line, cut where it is long."""
    if text is None:
        return None
    return _cut(" ".join(text.split()))


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
