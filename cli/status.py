"""`make status`: what runs, the last runs, how fresh each table is, and what to do where something is off.

Data flow: PID files + Airflow's health -> services; ops -> runs, tables, advice. It only reads, also of
databases that nobody has started, as `make publications` does.
"""

from datetime import UTC, datetime

from psycopg2.extensions import cursor as Cursor

from cli import LOCAL
from cli.advice import advice
from cli.container import SECRETS
from cli.output import print_table
from cli.warehouse import NO_WAREHOUSE, OLD_WAREHOUSE, warehouse
from dashboard.health import read_health
from include.ops.run_history import PastRun, latest_runs
from include.ops.table_freshness import TableFreshness, raw_freshness, trusted_freshness
from include.tables import SOURCES
from include.transaction import transaction

SHOWN = 5
# The log of loads is of the first run, the view of one by this version.
THERE = "select to_regclass('ops.load_runs') is not null, to_regclass('ops.run_history') is not null"
RUN_HEADERS = ("last runs", "began (UTC)", "took", "read", "loaded", "rejected", "outcome")
RUN_LINE = "{:12}{:16}{:>10}{:>14}{:>14}{:>12}  {}"
TABLE_HEADERS = ("table", "from", "day", "came (UTC)", "rows")
TABLE_LINE = "{:38}{:18}{:12}{:16}{:>14}"


def print_status() -> None:
    """Print it all. Raises CommandError where the warehouse cannot be read; old data are no error."""
    # In a container `cli/stack` has listed the others.
    if not SECRETS.is_dir():
        # Not at the top: the image has no embedded servers.
        from cli.services import print_services

        print_services(LOCAL)
        if not (LOCAL / "postgres" / "PG_VERSION").exists():
            print(NO_WAREHOUSE)
            return
    with warehouse("elt_loader") as loader, transaction(loader) as cursor:
        cursor.execute(THERE)
        has_loads, has_history = cursor.fetchone()
        if has_history:
            _print_warehouse(cursor)
        else:
            print(OLD_WAREHOUSE if has_loads else NO_WAREHOUSE)


def _print_warehouse(cursor: Cursor) -> None:
    runs = latest_runs(cursor, SHOWN)
    print()
    print_table(RUN_HEADERS, RUN_LINE, map(_run, runs))
    sources = {table.raw: source.server for source in SOURCES for table in source.raw_tables}
    raw = [_table(one, "raw", sources.get(one.name, "")) for one in raw_freshness(cursor)]
    health = read_health(cursor, "ops")
    star = [_table(one, "trusted", f"version {health.version}") for one in trusted_freshness(cursor)]
    print()
    print_table(TABLE_HEADERS, TABLE_LINE, [*raw, *star])
    print()
    print("\n".join(advice(runs, health, datetime.now(UTC))))


def _run(run: PastRun) -> tuple:
    took = f"{run.seconds:,.0f} s"
    rows = (run.rows_read, run.rows_loaded, run.rows_quarantined)
    return (str(run.as_of or ""), _minute(run.began_at), took, *rows, _outcome(run))


def _outcome(run: PastRun) -> str:
    """Say what readers got of the run; one that goes on has not published yet."""
    if run.version:
        return f"version {run.version}"
    return "nothing new" if run.had_no_news else "kept back" if run.decision == "keep" else "not published"


def _table(table: TableFreshness, schema: str, origin: str) -> tuple:
    return (f"{schema}.{table.name}", origin, str(table.as_of or ""), _minute(table.loaded_at), table.rows)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
