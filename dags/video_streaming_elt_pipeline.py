"""### Video streaming: from the product's systems to a star schema, every day

Plays the product (generates users, viewing sessions and a catalogue, and seeds PostgreSQL and MongoDB with
them), extracts both systems into the warehouse's schema `raw`, and runs `dbt build`, which makes and tests a
star schema in `trusted_next`. `reconcile_sources` compares rows, keys and sums of sources, raw and that star;
`publish_trusted` then makes it `trusted`, which Power BI reads, in one moment.

**Trigger it** with no settings for today's data, with `as_of` for another day, or with `data_dir` for three
files of your own (`users.csv`, `viewing_sessions.csv`, `content.json`).

**Every task may run again**, for the same day or an older one: the end state is the same. Rows that did not
change are not written again.

**A load stops itself** when most of a raw table would vanish (`allow_mass_deletion` lets it pass), or when
too many rows cannot be loaded.

**If a task fails**, its log ends with what to do. Rows that could not be loaded are in
`quarantine.rejected_rows`, what each load read and wrote in `ops.load_runs`, dbt's results in `ops.dbt_runs`,
how sources, raw and star compared in `ops.reconciliations`, what was published in `ops.publications`.
Readers see the last good star until a run is green, and `make rollback` gives them the one before.
"""

import os
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    chain,
    cross_downstream,
    dag,
    get_current_context,
    task,
    task_group,
)

from include.dbt import BATCH_VARIABLE, MACROS_VARIABLE, build_command, macros_checksum
from include.errors import DataQualityError, GuardError, InputError
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES, SOURCES_BY_NAME

DEFAULT_ARGS = {
    "owner": "data-platform",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    # Neither a broken file nor an emptied source nor wrong data mend themselves: fail at once.
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception=InputError, action=RetryAction.FAIL),
            RetryRule(exception=GuardError, action=RetryAction.FAIL),
            RetryRule(exception=DataQualityError, action=RetryAction.FAIL),
        ]
    ),
}
PARAMS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Business day",
        description_md="The day whose state is brought, from 2022-09-01 on. Empty: the run's own date.",
    ),
    "data_dir": Param(
        None,
        type=["null", "string"],
        title="Folder with your own files",
        description_md="Holds `users.csv`, `viewing_sessions.csv`, `content.json`. Empty: generated.",
    ),
    "allow_mass_deletion": Param(
        False,
        type="boolean",
        title="Allow a mass deletion",
        description_md="A load that would delete more of a raw table's live rows than `MAX_DELETED_SHARE`"
        " (half of them) stops. Switch on when it is meant; a folder with your own files"
        " allows it by itself.",
    ),
}


@task
def generate_source_files() -> dict[str, str]:
    from include.run import batch_of
    from include.seed.files import prepare_files
    from include.settings import read_settings

    context = get_current_context()
    return vars(prepare_files(read_settings(), batch_of(context).as_of, context["params"]["data_dir"]))


@task
def create_mongodb_collections() -> None:
    from include.connections import mongo
    from include.schema.mongo import create_collection

    with mongo("source_mongo_app") as database:
        for collection in MONGO_COLLECTIONS:
            create_collection(database, collection)


@task
def create_postgres_tables() -> None:
    from include.connections import postgres
    from include.schema.ddl import create_source_tables, create_warehouse_tables

    with postgres("source_postgres_app") as source, postgres("warehouse") as warehouse:
        create_source_tables(source)
        create_warehouse_tables(warehouse)


@task
def load_json_to_mongodb(files: dict[str, str]) -> list[dict]:
    from include.connections import mongo, postgres
    from include.run import batch_of, limits_of
    from include.seed import seed_collection
    from include.settings import read_settings

    context = get_current_context()
    batch, limits = batch_of(context), limits_of(context, read_settings())
    with mongo("source_mongo_app") as database, postgres("warehouse") as warehouse:
        return [
            seed_collection(database, warehouse, table, batch, limits=limits, **files).summary()
            for table in MONGO_COLLECTIONS
        ]


@task
def load_csvs_to_postgres(files: dict[str, str]) -> list[dict]:
    from include.connections import postgres
    from include.run import batch_of, limits_of
    from include.seed import seed_table
    from include.settings import read_settings

    context = get_current_context()
    batch, limits = batch_of(context), limits_of(context, read_settings())
    with postgres("source_postgres_app") as source, postgres("warehouse") as warehouse:
        return [
            seed_table(source, warehouse, table, batch, limits=limits, **files).summary()
            for table in POSTGRES_TABLES
        ]


@task(map_index_template="{{ table }}")
def load_postgres_table(table: str) -> list[dict]:
    from include.connections import postgres
    from include.extract_load import load_table
    from include.run import batch_of, limits_of
    from include.settings import read_settings

    context = get_current_context()
    batch, limits = batch_of(context, table=table), limits_of(context, read_settings())
    with postgres("source_postgres") as source, postgres("warehouse") as warehouse:
        loads = load_table(source, warehouse, SOURCES_BY_NAME[table], batch, limits)
        return [load.summary() for load in loads]


@task(map_index_template="{{ table }}")
def load_mongo_collection(table: str) -> list[dict]:
    from include.connections import mongo, postgres
    from include.extract_load import load_collection
    from include.run import batch_of, limits_of
    from include.settings import read_settings

    context = get_current_context()
    batch, limits = batch_of(context, table=table), limits_of(context, read_settings())
    with mongo("source_mongo") as source, postgres("warehouse") as warehouse:
        loads = load_collection(source, warehouse, SOURCES_BY_NAME[table], batch, limits)
        return [load.summary() for load in loads]


@task_group
def extract_to_data_warehouse() -> None:
    load_postgres_table.expand(table=[table.name for table in POSTGRES_TABLES])
    load_mongo_collection.expand(table=[collection.name for collection in MONGO_COLLECTIONS])


@task
def reconcile_sources() -> list[dict]:
    from include import quality
    from include.connections import mongo, postgres
    from include.publish.schema_marker import NEXT
    from include.run import batch_of

    batch = batch_of(get_current_context())
    with (
        postgres("source_postgres") as source,
        mongo("source_mongo") as catalogue,
        postgres("warehouse") as warehouse,
        postgres("warehouse_publisher") as publisher,
    ):
        servers = quality.Servers(source, catalogue, warehouse, publisher)
        return quality.reconcile_sources(servers, batch, schema=NEXT)


@task
def publish_trusted() -> dict[str, object]:
    from include.connections import postgres
    from include.publish import publish
    from include.run import batch_of

    with postgres("warehouse_publisher") as warehouse:
        return publish(warehouse, batch_of(get_current_context())).summary()


@task
def report_run() -> dict[str, object]:
    from include.connections import postgres
    from include.ops.run_report import record_and_total
    from include.run import batch_of
    from include.settings import read_settings

    with postgres("warehouse") as warehouse:
        return record_and_total(warehouse, batch_of(get_current_context()), read_settings().dbt_target)


def _schedule() -> CronTriggerTimetable | None:
    # Empty where only people trigger: a demo must not be joined by today's scheduled run. A new installation
    # waits for its next day too, which is why the DAG has no start date.
    cron = os.environ.get("PIPELINE_SCHEDULE", "@daily")
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0)) if cron else None


@dag(
    schedule=_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    doc_md=__doc__,
    tags=["elt", "video-streaming"],
)
def video_streaming_elt_pipeline() -> None:
    files = generate_source_files()
    transform_with_dbt = BashOperator(
        task_id="transform_with_dbt",
        bash_command=build_command(),
        env={BATCH_VARIABLE: "{{ run_id }}", MACROS_VARIABLE: macros_checksum()},
        append_env=True,
        do_xcom_push=False,
        retries=1,
    )
    seed = [load_json_to_mongodb(files), load_csvs_to_postgres(files)]
    # Both need both: rejected documents go to the warehouse as well.
    cross_downstream([create_mongodb_collections(), create_postgres_tables()], seed)
    # A teardown runs after a failure as well, and the run keeps the state of what came before it.
    report = report_run().as_teardown()
    chain(
        seed,
        extract_to_data_warehouse(),
        transform_with_dbt,
        reconcile_sources(),
        publish_trusted(),
        report,
    )


video_streaming_elt_pipeline()
