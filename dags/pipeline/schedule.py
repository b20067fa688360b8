"""When the pipeline runs by itself, and which days a backfill has."""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable as Days


class DaysForBackfills(Days):
    """Every day, for backfills only: nothing runs by itself. plugins/pipeline.py tells Airflow of it.

    Airflow makes no backfill of a DAG without a schedule.
    """

    def __init__(self) -> None:
        super().__init__("@daily", timezone="UTC")
        self.description = "Only when somebody triggers it"

    @property
    def summary(self) -> str:
        """Return what the list of DAGs shows as the schedule."""
        return "none"

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next day to a backfill, which asks as for a DAG that catches up; None to a scheduler."""
        if not restriction.catchup:
            return None
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

    def serialize(self) -> dict[str, Any]:
        """Return nothing: all of them are the same."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "DaysForBackfills":
        """Return the timetable."""
        return cls()


def schedule() -> CronTriggerTimetable | DaysForBackfills:
    """Return the timetable that `.env` asks for, or, where it asks for none, one that only backfills use.

    Such is a demo, which must not be joined by today's run. A new installation waits for its next day too,
    which is why the DAG has no start date.
    """
    if cron := _cron():
        return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0))
    return DaysForBackfills()


def runs_by_itself() -> bool:
    """Tell whether `.env` asks for a schedule."""
    return bool(_cron())


def _cron() -> str:
    return os.environ.get("PIPELINE_SCHEDULE", "@daily")
