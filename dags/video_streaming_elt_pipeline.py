"""### Video streaming: from the product's systems to a star schema, every day

Plays the product (generates users, viewing sessions and a catalogue, and seeds PostgreSQL and MongoDB with
them), extracts both systems into the warehouse's schema `raw`, and runs `dbt build`, which makes and tests a
star schema in `trusted_next`. `reconcile_sources` compares all values of sources, raw and that star;
`check_data_quality` compares it with the star that readers see, and what looks unusual, a person approves or
rejects. `publish_trusted` then makes it `trusted`, which Power BI reads, in one moment. Where `.env` names a
workspace, `refresh_power_bi` has Power BI's semantic model read that star.

**Where the sources are somebody's own** (`SOURCES=existing`), the tasks that generate, make and seed are
skipped, and their logs say so. The sources are only read: every transaction on them is read-only.

**Trigger it** with an empty form for today's data, with `as_of` for another day, or with `data_dir` for files
of your own. A complete set of files in the inbox starts a run by itself.

**Every task may run again**, for the same day or an older one: the end state is the same. Rows that did not
change are not written again. When no row changed, `transform_with_dbt` is skipped, and readers keep the star
that they have.

**A load stops itself** when most of a raw table would vanish (`allow_mass_deletion` lets it pass), or when
too many rows cannot be loaded.

**If a task fails**, its log ends with what to do. Rows that could not be loaded are in
`quarantine.rejected_rows`, what each load read and wrote in `ops.load_runs`, dbt's results in `ops.dbt_runs`,
how sources, raw and star compared in `ops.reconciliations`, what publishing would change in `ops.plans`,
what was published in `ops.publications`.
Readers see the last good star until a run is green, and `make rollback` gives them the one before. Of a run
that is red for `refresh_power_bi` alone, the star is published, and only Power BI still shows the one before.
"""

import os
from collections.abc import Callable

from airflow.sdk import Label, TaskGroup, XComArg, chain, cross_downstream, dag, task, task_group

from dags.pipeline.alerts import deadline, tell_failed_run
from dags.pipeline.approval import approve_publication
from dags.pipeline.assets import TRUSTED, filled_by, loaded, published, telling
from dags.pipeline.described import described
from dags.pipeline.form import fields
from dags.pipeline.nodes import DbtBuild, dbt_nodes
from dags.pipeline.queues import HEAVY
from dags.pipeline.retries import DEFAULT_ARGS
from dags.pipeline.schedule import schedule
from dags.pipeline.turns import at_work, claiming, releasing
from include import tasks
from include.build_tasks import before_dbt_builds
from include.dbt import (
    BATCH_VARIABLE,
    CODE_VARIABLE,
    PROJECT_VARIABLE,
    RAW_VARIABLE,
    build_command,
    code_checksum,
    project_checksum,
)
from include.environment import plays_product
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES

# The task of a table that the run does not bring is skipped, with the reason in its log.
_when_brought = task.skip_if(tasks.leaves_table_alone)
NOT_PLAYED = "SOURCES=existing in .env: the sources are somebody's own, so nothing is made or seeded"


def _when_played(function: Callable) -> Callable:
    """Return a task that is skipped, with the reason in its log, where the sources are somebody's own."""
    # Not skipped by the scheduler with the tasks before it: that would leave no reason.
    played = task(function, trigger_rule="none_failed")
    return task.skip_if(lambda _: not plays_product(os.environ), skip_message=NOT_PLAYED)(played)


def _refresh_power_bi() -> XComArg:
    """Return the task that is skipped, with the reason in its log, where Power BI has nothing to refresh."""
    return task.skip_if(tasks.leaves_power_bi_alone)(task(at_work(tasks.refresh_power_bi)))()


@task_group(prefix_group_id=False, group_display_name="play the product")
def play_the_product(warehouse: XComArg) -> None:
    files = _when_played(tasks.generate_source_files)()
    create = [_when_played(tasks.create_mongodb_collections)(), warehouse]
    seed = [
        _when_played(at_work(tasks.load_json_to_mongodb))(files),
        _when_played(at_work(tasks.load_csvs_to_postgres))(files),
    ]
    # Both need both: rejected documents go to the warehouse as well.
    cross_downstream(create, seed)


@task_group(group_display_name="extract to the warehouse")
def extract_to_data_warehouse() -> None:
    # Each source is a task instance of its own, labelled with its name.
    label = "{{ task.op_kwargs['table'] }}"
    each = {"map_index_template": label, "trigger_rule": "none_failed", "queue": HEAVY}
    load_table = _when_brought(
        task(telling(at_work(tasks.load_postgres_table), loaded), outlets=filled_by(POSTGRES_TABLES), **each)
    )
    load_table.expand(table=[table.name for table in POSTGRES_TABLES])
    load_collection = _when_brought(
        task(
            telling(at_work(tasks.load_mongo_collection), loaded),
            outlets=filled_by(MONGO_COLLECTIONS),
            **each,
        )
    )
    load_collection.expand(table=[collection.name for collection in MONGO_COLLECTIONS])


@task_group(prefix_group_id=False, group_display_name="build the star")
def build_the_star() -> tuple[DbtBuild, TaskGroup]:
    transform_with_dbt = DbtBuild(
        task_id="transform_with_dbt",
        bash_command=build_command(
            "{{ skip_when_unchanged(params) }}\n{{ before_dbt_builds(run_id, ti.try_number) }}"
        )
        + " {{ refresh_option(params) }}",
        env={
            BATCH_VARIABLE: "{{ run_id }}",
            CODE_VARIABLE: "{{ code_checksum() }}",
            PROJECT_VARIABLE: "{{ project_checksum() }}",
            RAW_VARIABLE: "{{ raw_state() }}",
        },
        skip_on_exit_code=tasks.SKIPPED,
        append_env=True,
        do_xcom_push=False,
        retries=1,
        queue=HEAVY,
        doc_md="Build the star in `trusted_next` from raw by `dbt build`, and test it there.",
        # A company may have no table, or no collection, to bring.
        trigger_rule="none_failed",
    )
    nodes = dbt_nodes()
    transform_with_dbt >> nodes
    return transform_with_dbt, nodes


@task_group(prefix_group_id=False, group_display_name="judge it")
def judge_the_star(publish: XComArg) -> None:
    # Also after a build that was skipped, for there was nothing to build.
    reconcile = task(at_work(tasks.reconcile_sources), trigger_rule="none_failed")()
    check, approve = task.branch(at_work(tasks.check_data_quality))(), approve_publication()
    reconcile >> check >> Label("as usual") >> publish
    check >> Label("unusual, or asked for") >> approve >> Label("approved") >> publish


@task_group(prefix_group_id=False, group_display_name="publish it")
def publish_the_star() -> XComArg:
    publish = task(
        telling(at_work(tasks.publish_trusted), published),
        outlets=[TRUSTED],
        trigger_rule="none_failed_min_one_success",
    )()
    publish >> _refresh_power_bi()
    return publish


@dag(
    schedule=schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=fields(),
    user_defined_macros={
        function.__name__: function
        for function in (
            tasks.skip_when_unchanged,
            before_dbt_builds,
            code_checksum,
            project_checksum,
            tasks.refresh_option,
            tasks.raw_state,
            tasks.plan_page,
        )
    },
    doc_md=__doc__,
    on_failure_callback=tell_failed_run,
    deadline=deadline(),
    tags=["elt", "video-streaming", "tier-1"],
)
def video_streaming_elt_pipeline() -> None:
    warehouse = task(claiming(tasks.create_postgres_tables))()
    extract, publish = extract_to_data_warehouse(), publish_the_star()
    build, nodes = build_the_star()
    # Also where nothing is seeded.
    warehouse >> extract
    chain(play_the_product(warehouse), extract, build, judge_the_star(publish))
    # A teardown runs after a failure as well, and the run keeps the state of what came before it.
    # Readers do not wait for nodes to be shown; the report does.
    [publish, nodes] >> task(releasing(tasks.report_run))().as_teardown()


described(video_streaming_elt_pipeline())
