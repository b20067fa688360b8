"""When the pipeline runs by itself."""

import os
from datetime import timedelta

from airflow.sdk import CronTriggerTimetable


def schedule() -> CronTriggerTimetable | None:
    """Return the timetable that `.env` asks for, or None where only people trigger.

    Such is a demo, which must not be joined by today's run. A new installation waits for its next day too,
    which is why the DAG has no start date.
    """
    cron = os.environ.get("PIPELINE_SCHEDULE", "@daily")
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0)) if cron else None
