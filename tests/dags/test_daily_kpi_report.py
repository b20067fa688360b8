"""The report's runs: the scheduler's own code makes one for each publication of a day."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.types import DagRunType
from psycopg2.extensions import connection as Connection
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from include import tasks
from include.environment import ROOT
from include.ops.publications import Publication, current_publication
from include.publish import publish
from include.publish.schema_marker import NEXT, write_marker
from include.run import Batch
from include.transaction import transaction

REPORT = "daily_kpi_report"
WEEK = [date(2024, 8, 1) + timedelta(days=count) for count in range(7)]
OLDER = [date(2024, 6, 3), date(2024, 7, 31)]
# What comes before a publication is made by hand.
ALL_BUT_PUBLISHING = "(?!publish_trusted$).*"
STAR = """
drop table if exists trusted_next.fct_viewing_sessions;
create table trusted_next.fct_viewing_sessions as select %s as star
"""


class Days:
    """Runs of the pipeline. Each brings a star of its own, or has nothing to build."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_news = True
        monkeypatch.setattr(tasks, "publish", self._publish)

    def bring(self, day: date, *, has_news: bool = True) -> None:
        """Run the pipeline as of the day, then let the scheduler look for what is due."""
        self.has_news = has_news
        pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
        conf = {"as_of": f"{day}"}
        run = pipeline.test(logical_date=None, run_conf=conf, mark_success_pattern=ALL_BUT_PUBLISHING)
        assert str(run.state) == "success"
        schedule_partitions()

    def _publish(self, warehouse: Connection, batch: Batch, _: Publication | None) -> Publication:
        with transaction(warehouse) as cursor:
            if not self.has_news:
                return publish(warehouse, batch, current_publication(cursor))
            cursor.execute(STAR, (batch.batch_id,))
            marker = {"state": "tested", "batch_id": batch.batch_id, "invocation_id": batch.batch_id}
            write_marker(cursor, NEXT, marker)
        return publish(warehouse, batch)


def schedule_partitions() -> None:
    """Let the scheduler make the runs that partitions of assets started."""
    with create_session() as session:
        job = Job(job_type="SchedulerJob")
        session.add(job)
        session.flush()
        SchedulerJobRunner(job)._create_dagruns_for_partitioned_asset_dags(session)


def reports() -> list[DagRun]:
    """Return the runs of the report that events of the star started, in their order."""
    with create_session() as session:
        # Other tests on this database run the DAG by hand.
        is_started = (DagRun.dag_id == REPORT) & (DagRun.run_type == DagRunType.ASSET_TRIGGERED)
        runs = select(DagRun).where(is_started).order_by(DagRun.id)
        return list(session.scalars(runs.options(selectinload(DagRun.consumed_asset_events))))


@pytest.fixture
def days(platform, dag_environment, monkeypatch):
    dag_environment(platform.env)
    days = Days(monkeypatch)
    # As where Airflow runs by a schedule; it knows the DAGs from its first run on.
    days.bring(date(2024, 5, 1))
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == REPORT).values(is_paused=False))
    return days


def test_each_day_is_reported_once_whatever_is_run_again(days):
    for day in WEEK:
        days.bring(day)
        if day == WEEK[1]:
            for again in range(3):
                # Of the three the second has other content.
                days.bring(day, has_news=again == 1)
        if day in WEEK[3:5]:
            days.bring(OLDER[WEEK.index(day) - 3])
    schedule_partitions()
    runs = reports()
    assert Counter(run.partition_key for run in runs) == {
        **{f"{day}": 1 for day in (*WEEK, *OLDER)},
        f"{WEEK[1]}": 2,
    }
    assert [run.partition_key for run in runs[-2:]] == [f"{day}" for day in WEEK[5:]]
    assert {run.logical_date for run in runs} == {None}
    assert runs[0].partition_date == datetime(2024, 8, 1, tzinfo=UTC)
    consumed = [event.extra["version"] for run in runs for event in run.consumed_asset_events]
    assert consumed == list(range(2, 12))
