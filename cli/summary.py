"""What a finished run did, read from the warehouse and printed as tables."""

from collections.abc import Sequence

from psycopg2.extensions import connection as Connection

from cli.output import print_table
from include.metrics import Condition, Question, ask, read_definitions
from include.ops.publications import current_publication

LOADS = """
select table_name, rows_read, rows_loaded, rows_unchanged, rows_deleted, rows_quarantined
from ops.load_runs where batch_id = %s and stage = %s order by load_run_id
"""
DBT_NODES = """
select resource_type, count(*), count(*) filter (where status in ('success', 'pass', 'no-op', 'reused')),
    count(*) filter (where status = 'warn'), count(*) filter (where status in ('fail', 'error')),
    count(*) filter (where status = 'skipped'), sum(seconds)
from ops.dbt_runs where batch_id = %s group by resource_type order by resource_type
"""
STAR_TABLES = """
select table_name from information_schema.tables
where table_schema = 'trusted' and table_type = 'BASE TABLE' order by table_name
"""
LAST_DAYS = "select max(watch_date) - 30 from trusted.fct_viewing_sessions"
# Of the last 30 days: the metric, what it is called here, its format.
KPIS = (
    ("active_users", "Active users", "{:,}"),
    ("watch_hours", "Hours watched", "{:,.1f}"),
    ("completion_rate", "Sessions watched to the end", "{:.1%}"),
)


def print_summary(loader: Connection, reader: Connection, run_id: str) -> None:
    """Print loads and dbt results (as elt_loader), then what `trusted` holds (as bi_reader)."""
    headers = ("read", "loaded", "unchanged", "deleted", "rejected")
    for title, stage in (("Seeded into the sources", "seed"), ("Loaded into raw", "extract")):
        _print_table(title, headers, _rows(loader, LOADS, (run_id, stage)))
    dbt_headers = ("nodes", "good", "warnings", "failed", "skipped", "seconds")
    _print_table("Built and tested by dbt", dbt_headers, _rows(loader, DBT_NODES, (run_id,)))
    tables = [name for (name,) in _rows(reader, STAR_TABLES)]
    counts = [(name, *_rows(reader, f'select count(*) from trusted."{name}"')[0]) for name in tables]
    _print_table("The star, schema trusted", ("rows",), counts)
    print_published(loader)
    _print_table("In a few numbers", ("",), kpis(reader))


def kpis(reader: Connection) -> list[tuple[str, str]]:
    """Return names and values of the KPIs of the last 30 days with sessions; none where there are none."""
    with reader, reader.cursor() as cursor:
        cursor.execute(LAST_DAYS)
        (before,) = cursor.fetchone()
        if before is None:
            return []
        since = Condition("day", ">", (before.isoformat(),))
        question = Question(tuple(metric for metric, *_ in KPIS), where=(since,))
        (values,) = ask(cursor, read_definitions(), question)
    return [
        (f"{name}, last 30 days", shape.format(values[metric]).replace("%", " %"))
        for metric, name, shape in KPIS
    ]


def print_published(loader: Connection) -> None:
    """Print which version of the star readers see."""
    with loader, loader.cursor() as cursor:
        now = current_publication(cursor)
    print(f"\nReaders see {now or 'no published star yet'}")


def _rows(connection: Connection, query: str, parameters: Sequence | None = None) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def _print_table(title: str, headers: Sequence[str], rows: Sequence[tuple]) -> None:
    """Print the rows, if there are some; the title stands over their names."""
    if rows:
        print()
        indented = [(f"  {name}", *values) for name, *values in rows]
        print_table((title, *headers), "{:44}" + "{:>12}" * len(headers), indented)
