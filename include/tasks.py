"""What each task of the pipeline does: open connections, call one station of the flow, return numbers.

The DAG puts them in order. An orchestrator passes its context by name, as Airflow does; nothing else of it is
needed here. What a task returns is small: names and numbers for people and for the next task. What it raises
is a sentence (`failures.py`).
"""

import asyncio
import os
import shlex
from collections.abc import Iterable, Mapping

from psycopg2.extensions import connection as Connection

from include.connections import mongo, postgres, power_bi, source, sources_of
from include.dbt import FULL_REFRESH, needs_full_refresh
from include.environment import plays_product
from include.extract_load import load_collection, load_table
from include.failures import explained
from include.ops.fingerprint import remembered_rows
from include.ops.load_runs import Load, state_of_raw
from include.ops.plans import page_of_plan
from include.ops.publications import Publication, publication_of_batch
from include.ops.run_report import record_and_total
from include.parameters import ASK, NO, data_dir_of, is_full_refresh, tables_of, with_sizes
from include.plan import KEEP, PUBLISH, Wishes, decide
from include.publish import publish
from include.publish.power_bi import refresh, semantic_model
from include.publish.schema_marker import NEXT, is_tested_star_of, read_marker
from include.publish.unchanged import schema_to_compare, unchanged_star
from include.quality import Servers, compare_streamed
from include.quality import reconcile_sources as compare_sources
from include.run import Run, refuse_wrong_run
from include.schema import (
    create_collection,
    create_source_tables,
    create_warehouse_tables,
    refuse_foreign_sources,
)
from include.seed import prepare_files, seed_collection, seed_table
from include.settings import read_settings
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES, SOURCES_BY_NAME
from include.transaction import transaction

# A BashOperator whose command ends with it is skipped, not failed.
SKIPPED = 99
# The task that follows a decision; none follows where the star is kept back.
NEXT_TASKS = {PUBLISH: "publish_trusted", ASK: "approve_publication", KEEP: None}


@explained
def generate_source_files(**context) -> dict[str, str]:
    """Write the files of the run's day, or find those of somebody's own; return their folder and data set."""
    settings = read_settings()
    refuse_wrong_run(context, settings)
    as_of = Run.from_context(context, settings).batch.as_of
    params = context["params"]
    return vars(prepare_files(with_sizes(settings, params), as_of, data_dir_of(params)))


@explained
def create_mongodb_collections(**context) -> None:
    """Create the collections of the product that is played, or bring them up to date."""
    refuse_wrong_run(context, read_settings())
    with mongo("source_mongo_app") as database, postgres("source_postgres_app") as source:
        refuse_foreign_sources(source, database)
        for collection in PLAYED_COLLECTIONS:
            create_collection(database, collection)


@explained
def create_postgres_tables(**context) -> None:
    """Create the tables of the warehouse, and of the product if it is played, or bring them up to date."""
    refuse_wrong_run(context, read_settings())
    if plays_product(os.environ):
        with postgres("source_postgres_app") as source, mongo("source_mongo_app") as database:
            refuse_foreign_sources(source, database)
            create_source_tables(source)
    with postgres("warehouse") as warehouse:
        create_warehouse_tables(warehouse)


@explained
def load_json_to_mongodb(files: dict[str, str], **context) -> list[dict]:
    """Seed the collections of the MongoDB source."""
    run = Run.from_context(context, read_settings(), files)
    with mongo("source_mongo_app") as database, postgres("warehouse") as warehouse:
        loads = [seed_collection(database, warehouse, collection, run) for collection in PLAYED_COLLECTIONS]
        return [load.summary() for load in loads]


@explained
def load_csvs_to_postgres(files: dict[str, str], **context) -> list[dict]:
    """Seed the tables of the PostgreSQL source."""
    run = Run.from_context(context, read_settings(), files)
    with postgres("source_postgres_app") as source, postgres("warehouse") as warehouse:
        return [seed_table(source, warehouse, table, run).summary() for table in PLAYED_TABLES]


@explained
def leaves_table_alone(context: Mapping[str, object]) -> tuple[bool, str]:
    """Tell whether the run does not bring the task's table, and what becomes of it."""
    table = context["task"].op_kwargs["table"]
    kept = f"The run brings other tables (parameter tables): raw keeps {table} as the last load left it"
    return table not in tables_of(context["params"]), kept


@explained
def load_postgres_table(table: str, **context) -> list[dict]:
    """Load one table of the PostgreSQL source into raw."""
    run = Run.from_context(context, read_settings())
    declared = SOURCES_BY_NAME[table]
    with source(declared) as server, postgres("warehouse") as warehouse:
        return _numbers(warehouse, load_table(server, warehouse, declared, run))


@explained
def load_mongo_collection(table: str, **context) -> list[dict]:
    """Load one collection of the MongoDB source into raw."""
    run = Run.from_context(context, read_settings())
    declared = SOURCES_BY_NAME[table]
    with source(declared) as server, postgres("warehouse") as warehouse:
        return _numbers(warehouse, load_collection(server, warehouse, declared, run))


def _numbers(warehouse: Connection, loads: Iterable[Load]) -> list[dict]:
    """Return the summaries of loads, with how many rows the source of each has."""
    with transaction(warehouse) as cursor:
        held = remembered_rows(cursor)
    return [load.summary() | {"source_rows": held.get(load.table)} for load in loads]


@explained
def refresh_option(params: Mapping[str, object]) -> str:
    """Return dbt's option for a full refresh when the run or a change of code asks for it, else nothing."""
    if is_full_refresh(params):
        return FULL_REFRESH
    with postgres("warehouse_publisher") as warehouse, warehouse.cursor() as cursor:
        return FULL_REFRESH if needs_full_refresh(read_marker(cursor, NEXT)) else ""


@explained
def raw_state() -> str:
    """Return the state of raw, which dbt notes in the marker of the star that it builds from it."""
    with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
        return state_of_raw(cursor)


@explained
def skip_when_unchanged(params: Mapping[str, object]) -> str:
    """Return the shell command that ends the task as skipped when there is nothing to build, else nothing."""
    if kept := star_to_keep(params):
        line = f"Nothing new in raw since {kept}: readers keep it"
        return f"echo {shlex.quote(line)}; exit {SKIPPED}"
    return ""


def star_to_keep(params: Mapping[str, object]) -> Publication | None:
    """Return what readers see when it holds all of raw and nobody asked for a full refresh, else None."""
    if is_full_refresh(params):
        return None
    with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
        return unchanged_star(cursor)


@explained
def reconcile_sources(**context) -> list[dict]:
    """Compare the sources that were brought, raw and the star that was just built, or kept."""
    batch, brought = Run.from_context(context, read_settings()).batch, tables_of(context["params"])
    with (
        sources_of(brought) as sources,
        postgres("warehouse") as warehouse,
        postgres("warehouse_publisher") as publisher,
    ):
        with transaction(warehouse) as cursor:
            schema = schema_to_compare(cursor, batch)
        compare_streamed(publisher, warehouse, batch, schema)
        return compare_sources(Servers(sources, warehouse, publisher), batch, schema=schema, brought=brought)


@explained
def check_data_quality(**context) -> str | None:
    """Compare the star with what readers see; return the task that publishes it or asks a person, or None."""
    settings, wishes = read_settings(), Wishes.from_params(context["params"])
    batch = Run.from_context(context, settings).batch
    with postgres("warehouse") as warehouse, postgres("warehouse_publisher") as publisher:
        with transaction(publisher) as cursor:
            is_new = is_tested_star_of(batch, read_marker(cursor, NEXT))
        if is_new:
            return NEXT_TASKS[decide(warehouse, publisher, batch, wishes, settings.thresholds)]
    # Nothing was built, or it was published before: publishing says which.
    return None if wishes.publish == NO else NEXT_TASKS[PUBLISH]


@explained
def plan_page(run_id: str) -> str:
    """Return the page that a person reads before they approve: what the run's star would change."""
    with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
        return page_of_plan(cursor, run_id) or "This run compared nothing."


@explained
def publish_trusted(**context) -> dict[str, object]:
    """Make the star that was just built the one that readers see; they keep theirs when nothing was."""
    batch = Run.from_context(context, read_settings()).batch
    unchanged = star_to_keep(context["params"])
    with postgres("warehouse_publisher") as warehouse:
        return publish(warehouse, batch, unchanged).summary()


@explained
def leaves_power_bi_alone(context: Mapping[str, object]) -> tuple[bool, str]:
    """Tell whether there is nothing to refresh in Power BI, and why."""
    if not semantic_model(os.environ):
        return True, "No workspace is set (POWER_BI_WORKSPACE_ID in .env): Power BI is left alone"
    with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
        published = publication_of_batch(cursor, context["run_id"])
    return not published, "The run published nothing: Power BI has nothing new to read"


@explained
def refresh_power_bi(**_: object) -> dict[str, str]:
    """Have Power BI read the star that was just published; return the request, and how it ended."""
    return asyncio.run(refresh(power_bi(), semantic_model(os.environ)))


@explained
def report_run(**context) -> dict[str, object]:
    """Record dbt's results and return the totals of the run, also of one that failed."""
    settings = read_settings()
    batch = Run.from_context(context, settings).batch
    with postgres("warehouse") as warehouse:
        return record_and_total(warehouse, batch, settings.dbt_target)
