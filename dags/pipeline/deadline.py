"""From when on a run's deadline counts."""

from datetime import datetime

from airflow.sdk.definitions.deadline import BaseDeadlineReference


class SinceQueued(BaseDeadlineReference):
    """The moment at which the run was queued. plugins/pipeline.py tells Airflow of it.

    Not Airflow's own reference: with that one, Airflow 3.3.2 answers 500 to whoever clears a task of a run
    that failed (TypeError in `_recalculate_dagrun_queued_at_deadlines`).
    """

    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session: object, dag_id: str, run_id: str) -> datetime | None:
        # Not at the top: tasks import this file, and have no use for Airflow's database.
        from airflow.models import DagRun
        from sqlalchemy import select

        run = (DagRun.dag_id == dag_id) & (DagRun.run_id == run_id)
        return session.scalar(select(DagRun.queued_at).where(run))
