"""### Daily KPI report: a page for each business day of which a star was published

Runs by itself when `video_streaming_elt_pipeline` has published a star: the event of the asset `trusted`
names the business day, and its run writes that day's page. The task's log has the path; `make reports` brings
the pages out of Docker. Where a day is published again, with other content, its page is written anew.

**Trigger it** with a day as the partition key, or without one for the day that readers see now.

It is an example of what may follow the star: a DAG of your own is scheduled in the same way.
"""

from airflow.sdk import PartitionedAssetTimetable, StartOfDayMapper, dag, task

from dags.pipeline.alerts import tell_failed_run
from dags.pipeline.assets import TRUSTED
from dags.pipeline.described import described
from dags.pipeline.retries import DEFAULT_ARGS
from dags.pipeline.schedule import runs_by_itself
from include.report import write_kpi_report


@dag(
    schedule=PartitionedAssetTimetable(
        assets=TRUSTED, default_partition_mapper=StartOfDayMapper(input_format="%Y-%m-%d")
    ),
    # A demo stops Airflow as soon as its run has ended. Else Airflow's own setting counts.
    is_paused_upon_creation=None if runs_by_itself() else True,
    # In the order of the publications.
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    on_failure_callback=tell_failed_run,
    tags=["elt", "video-streaming", "report", "tier-2"],
)
def daily_kpi_report() -> None:
    task(write_kpi_report)()


described(daily_kpi_report())
