"""Tells Airflow of the project's own timetable and deadline, which it reads from its database by name."""

from airflow.plugins_manager import AirflowPlugin

from dags.pipeline.deadline import SinceQueued
from dags.pipeline.schedule import DaysForBackfills


class Pipeline(AirflowPlugin):
    """What the schedule is where `.env` asks for none, and from when on a deadline counts."""

    name = "pipeline"
    timetables = [DaysForBackfills]  # noqa: RUF012
    deadline_references = [SinceQueued]  # noqa: RUF012
