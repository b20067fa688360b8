"""### Video streaming: from the product's systems to a star schema, every day

Plays the product (generates users, viewing sessions and a catalogue, and seeds PostgreSQL and MongoDB with
them), extracts both systems into the warehouse's schema `raw`, and runs `dbt build`, which makes and tests a
star schema in `trusted_next`. `reconcile_sources` compares all values of sources, raw and that star;
`publish_trusted` then makes it `trusted`, which Power BI reads, in one moment. Where `.env` names a
workspace, `refresh_power_bi` has Power BI's semantic model read that star.

**Where the sources are somebody's own** (`SOURCES=existing`), the tasks that generate, make and seed are
skipped, and their logs say so. The sources are only read: every transaction on them is read-only.

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
Readers see the last good star until a run is green, and `make rollback` gives them the one before. Of a run
that is red for `refresh_power_bi` alone, the star is published, and only Power BI still shows the one before.
"""

import os
from collections.abc import Callable
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryDecision,
    RetryRule,
    XComArg,
    chain,
    cross_downstream,
    dag,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTimeout

from include import tasks
from include.days import LAST, LAUNCH
from include.dbt import (
    BATCH_VARIABLE,
    CODE_VARIABLE,
    RAW_VARIABLE,
    SERVER_AWAY,
    build_command,
    code_checksum,
)
from include.environment import plays_product
from include.errors import TransientError
from include.failures import is_transient
from include.tables import FILES, MONGO_COLLECTIONS, POSTGRES_TABLES


class WhatPasses(ExceptionRetryPolicy):
    """Try again what passes by itself (`include/failures.py`); everything else fails at once."""

    def evaluate(self, exception: BaseException, *about_tries: object, **context: object) -> RetryDecision:
        """Say whether the task is tried again. dbt's command says it by the code with which it ends."""
        if is_transient(exception) or str(exception).endswith(f"exit code {SERVER_AWAY}."):
            return RetryDecision.retry(reason="A server was away or busy")
        return super().evaluate(exception, *about_tries, **context)


DEFAULT_ARGS = {
    "owner": "data-platform",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    "retry_policy": WhatPasses(
        # A task that hangs, Airflow's own components that are away, and a worker that is stopped.
        rules=[RetryRule([TransientError, AirflowTaskTimeout, AirflowRuntimeError, SystemExit])],
        default=RetryAction.FAIL,
    ),
}
NOT_PLAYED = "SOURCES=existing in .env: the sources are somebody's own, so nothing is made or seeded"
PARAMS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Business day",
        description_md=f"The day whose state is brought, from {LAUNCH} to {LAST}; with files or systems of"
        f" your own any day until {LAST}. Empty: the run's own date.",
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


def _when_played(function: Callable) -> Callable:
    """Return a task that is skipped, with the reason in its log, where the sources are somebody's own."""
    # Not skipped by the scheduler with the tasks before it: that would leave no reason.
    played = task(function, trigger_rule="none_failed")
    return task.skip_if(lambda _: not plays_product(os.environ), skip_message=NOT_PLAYED)(played)


def _refresh_power_bi() -> XComArg:
    """Return the task that is skipped, with the reason in its log, where Power BI has nothing to refresh."""
    return task.skip_if(tasks.leaves_power_bi_alone)(task(tasks.refresh_power_bi))()


@task_group
def extract_to_data_warehouse() -> None:
    # Each source is a task instance of its own, labelled with its name.
    label = "{{ task.op_kwargs['table'] }}"
    each = {"map_index_template": label, "trigger_rule": "none_failed"}
    load_table = task(tasks.load_postgres_table, **each)
    load_table.expand(table=[table.name for table in POSTGRES_TABLES])
    load_collection = task(tasks.load_mongo_collection, **each)
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
    files = _when_played(tasks.generate_source_files)()
    warehouse = task(tasks.create_postgres_tables)()
    create = [_when_played(tasks.create_mongodb_collections)(), warehouse]
    seed = [_when_played(tasks.load_json_to_mongodb)(files), _when_played(tasks.load_csvs_to_postgres)(files)]
    extract = extract_to_data_warehouse()
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
        # A company may have no table, or no collection, to bring.
        trigger_rule="none_failed",
    )
    # Both need both: rejected documents go to the warehouse as well.
    cross_downstream(create, seed)
    # Also where nothing is seeded.
    warehouse >> extract
    chain(
        seed,
        extract,
        transform_with_dbt,
        # Also after a build that was skipped, for there was nothing to build.
        task(tasks.reconcile_sources, trigger_rule="none_failed")(),
        task(tasks.publish_trusted)(),
        # A teardown runs after a failure as well, and the run keeps the state of what came before it.
        [_refresh_power_bi(), task(tasks.report_run)().as_teardown()],
    )


video_streaming_elt_pipeline()
