"""Tells Airflow of the project's own timetable, which it reads from its database by name."""

from airflow.plugins_manager import AirflowPlugin

from dags.pipeline.schedule import DaysForBackfills


class Timetables(AirflowPlugin):
    """What the DAG's schedule is where `.env` asks for none."""

    name = "timetables"
    timetables = [DaysForBackfills]  # noqa: RUF012
