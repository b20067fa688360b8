"""Which failures of a task are tried again, how often, and after what time; and what the last one leaves."""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTimeout

from dags.pipeline.alerts import note_cause
from include.dbt import SERVER_AWAY
from include.errors import TransientError
from include.failures import is_transient


class WhatPasses(ExceptionRetryPolicy):
    """Try again what passes by itself (`include/failures.py`); everything else fails at once."""

    def evaluate(self, exception: BaseException, *about_tries: object, **context: object) -> RetryDecision:
        """Say whether the task is tried again. dbt's command says it by the code with which it ends."""
        if is_transient(exception) or str(exception).endswith(f"exit code {SERVER_AWAY}."):
            return RetryDecision.retry(reason="A server was away or busy")
        return super().evaluate(exception, *about_tries, **context)


DEFAULT_ARGS = {
    "owner": "data-platform",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    "retry_policy": WhatPasses(
        # A task that hangs, Airflow's own components that are away, and a worker that is stopped.
        rules=[RetryRule([TransientError, AirflowTaskTimeout, AirflowRuntimeError, SystemExit])],
        default=RetryAction.FAIL,
    ),
    "on_failure_callback": [note_cause],
}
