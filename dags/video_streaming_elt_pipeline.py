"""### Video streaming: from the product's systems to a star schema, every day

Plays the product (generates users, viewing sessions and a catalogue, and seeds PostgreSQL and MongoDB with
them), extracts both systems into the warehouse's schema `raw`, and runs `dbt build`, which makes and tests a
star schema in `trusted_next`. `reconcile_sources` compares rows, keys and sums of sources, raw and that star;
`publish_trusted` then makes it `trusted`, which Power BI reads, in one moment.

**Trigger it** with no settings for today's data, with `as_of` for another day, or with `data_dir` for files
of your own.

**Every task may run again**, for the same day or an older one: the end state is the same. Rows that did not
change are not written again. When no row changed, `transform_with_dbt` is skipped, and readers keep the star
that they have.

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
    task,
    task_group,
)

from include import tasks
from include.dbt import BATCH_VARIABLE, CODE_VARIABLE, RAW_VARIABLE, build_command, code_checksum
from include.errors import DataQualityError, GuardError, InputError
from include.tables import FILES, MONGO_COLLECTIONS, POSTGRES_TABLES

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
            RetryRule(exception=error, action=RetryAction.FAIL)
            for error in (InputError, GuardError, DataQualityError)
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
        description_md=f"Holds {FILES}. Empty: generated.",
    ),
    "allow_mass_deletion": Param(
        False,
        type="boolean",
        title="Allow a mass deletion",
        description_md="A load that would delete more of a raw table's live rows than `MAX_DELETED_SHARE`"
        " (half of them) stops. Switch on when it is meant; a folder with your own files"
        " allows it by itself.",
    ),
    "full_refresh": Param(
        False,
        type="boolean",
        title="Build the star from nothing",
        description_md="Computes every session again, not only those of newer loads. After a change of the"
        " dbt project a run does so by itself.",
    ),
}


def _schedule() -> CronTriggerTimetable | None:
    # Empty where only people trigger: a demo must not be joined by today's scheduled run. A new installation
    # waits for its next day too, which is why the DAG has no start date.
    cron = os.environ.get("PIPELINE_SCHEDULE", "@daily")
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0)) if cron else None


@task_group
def extract_to_data_warehouse() -> None:
    # Each source is a task instance of its own, labelled with its name.
    label = "{{ task.op_kwargs['table'] }}"
    load_table = task(tasks.load_postgres_table, map_index_template=label)
    load_table.expand(table=[table.name for table in POSTGRES_TABLES])
    load_collection = task(tasks.load_mongo_collection, map_index_template=label)
    load_collection.expand(table=[collection.name for collection in MONGO_COLLECTIONS])


@dag(
    schedule=_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    user_defined_macros={
        function.__name__: function
        for function in (tasks.skip_when_unchanged, tasks.refresh_option, tasks.raw_state)
    },
    doc_md=__doc__,
    tags=["elt", "video-streaming"],
)
def video_streaming_elt_pipeline() -> None:
    files = task(tasks.generate_source_files)()
    create = [task(tasks.create_mongodb_collections)(), task(tasks.create_postgres_tables)()]
    seed = [task(tasks.load_json_to_mongodb)(files), task(tasks.load_csvs_to_postgres)(files)]
    transform_with_dbt = BashOperator(
        task_id="transform_with_dbt",
        bash_command=build_command("{{ skip_when_unchanged(params) }}") + " {{ refresh_option(params) }}",
        env={
            BATCH_VARIABLE: "{{ run_id }}",
            CODE_VARIABLE: code_checksum(),
            RAW_VARIABLE: "{{ raw_state() }}",
        },
        skip_on_exit_code=tasks.SKIPPED,
        append_env=True,
        do_xcom_push=False,
        retries=1,
    )
    # Both need both: rejected documents go to the warehouse as well.
    cross_downstream(create, seed)
    chain(
        seed,
        extract_to_data_warehouse(),
        transform_with_dbt,
        # Also after a build that was skipped, for there was nothing to build.
        task(tasks.reconcile_sources, trigger_rule="none_failed")(),
        task(tasks.publish_trusted)(),
        # A teardown runs after a failure as well, and the run keeps the state of what came before it.
        task(tasks.report_run)().as_teardown(),
    )


video_streaming_elt_pipeline()
