"""### Video streaming, lakehouse: the same star as tables of a data lake

Runs by itself when `video_streaming_elt_pipeline` has published a star: lands what changed in raw in Delta
tables (bronze), merges it (silver), lets dbt build and test the star there (gold), and publishes it. Readers
of the lake see the star before until the last task is green, and after any failure.

**It needs a lake**: `LAKE` in `.env`, and `.venv-lake` in the project's folder (`cli/setup lake`). Where
`LAKE` is empty when Airflow first sees the DAG, it is paused: switch it on when the lake is there.
`LAKE_ENGINE=spark` has a Spark cluster build gold as Iceberg tables: that needs `.venv-spark` as well.

**Every task may run again**: what was landed is not landed twice, and a star is built of what silver has.

`make lake-maintain`, once a week, writes small files together and removes those that nobody needs any more.
"""

import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import PartitionedAssetTimetable, StartOfDayMapper, chain, dag

from dags.pipeline.alerts import tell_failed_run
from dags.pipeline.assets import TRUSTED
from dags.pipeline.described import described
from dags.pipeline.lake import gold_command, load_command, publish_command
from dags.pipeline.retries import DEFAULT_ARGS
from dags.pipeline.schedule import runs_by_itself
from include.environment import ROOT


def _command(task_id: str, command: str, does: str) -> BashOperator:
    """Return the task of a command, which has the warehouse and the lake in its environment."""
    return BashOperator(
        task_id=task_id, bash_command=command, append_env=True, cwd=str(ROOT), do_xcom_push=False, doc_md=does
    )


@dag(
    schedule=PartitionedAssetTimetable(
        assets=TRUSTED, default_partition_mapper=StartOfDayMapper(input_format="%Y-%m-%d")
    ),
    # Without a lake there is nothing to follow with; as for the report, a demo stops with its run.
    is_paused_upon_creation=None if os.environ.get("LAKE") and runs_by_itself() else True,
    # One build of gold at a time.
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    on_failure_callback=tell_failed_run,
    tags=["elt", "video-streaming", "lakehouse", "tier-2"],
)
def video_streaming_lakehouse() -> None:
    chain(
        _command(
            "load_silver", load_command(), "Land what changed in raw in bronze, and merge it into silver."
        ),
        _command("build_gold", gold_command(), "Build the star of silver by `dbt build`, and test it."),
        _command("publish_lake", publish_command(), "Let readers of the lake see the new star, as a whole."),
    )


described(video_streaming_lakehouse())
