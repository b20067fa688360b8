"""DAGs whose runs fail, recover, are late and ask, with the callbacks and the retries of the pipeline."""

import os
import signal
import time
from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, get_current_context, task

from dags.pipeline.alerts import ApprovalAsked, late_after, tell_failed_run
from dags.pipeline.approval import Approval
from dags.pipeline.described import described
from dags.pipeline.retries import DEFAULT_ARGS
from include.errors import GuardError, InputError, TransientError

SETTINGS = {
    "tags": ["tier-3"],
    "default_args": DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=1)},
    "on_failure_callback": tell_failed_run,
}


@dag(schedule=None, **SETTINGS)
def three_fail():
    @task
    def first():
        """Fail at once."""
        raise InputError("users.csv, line 12, column 3: 'x' is no number")

    @task(map_index_template="{{ task.op_kwargs['table'] }}")
    def load(table):
        """Fail for one of two tables, later."""
        time.sleep(4)
        if table == "users":
            raise GuardError(f"{table}: 9 of 9 live rows would vanish")

    @task
    def last():
        """Fail later still."""
        time.sleep(8)
        raise ValueError("one\nline")

    @task
    def never():
        """Be reached by nobody."""

    @task
    def report():
        """Come after a failure as well."""

    [first(), load.expand(table=["users", "content"]), last()] >> never() >> report().as_teardown()


@dag(schedule=None, **SETTINGS)
def recovers():
    @task
    def load():
        """Fail once."""
        if get_current_context()["ti"].try_number == 1:
            raise TransientError("a server was away")

    load()


@dag(schedule=None, **SETTINGS, deadline=late_after(timedelta(seconds=3)))
def late():
    @task
    def load():
        """Take long."""
        time.sleep(12)

    load()


@dag(schedule=None, **SETTINGS)
def killed():
    @task
    def load():
        """Be killed, as for memory, at each try."""
        os.kill(os.getpid(), signal.SIGKILL)

    load()


class Question(Approval):
    """The pipeline's, in a DAG that works on no warehouse."""

    def execute(self, context):
        return ApprovalOperator.execute(self, context)


@dag(schedule=None, **SETTINGS)
def asks():
    Question(
        task_id="approve",
        doc_md="Ask whether to publish.",
        subject="Publish?",
        response_timeout=timedelta(seconds=8),
        notifiers=ApprovalAsked(),
    )


for make in (three_fail, recovers, late, killed, asks):
    described(make())
