"""The health check of a worker's container: does its Celery worker answer?

Data flow: this container's settings -> Redis -> the worker -> the exit code. Without Airflow, whose own check
would cost seconds of a core each time.
"""

import socket
import sys
from collections.abc import Mapping

from cli.container import with_secrets
from include.environment import celery_variables

SECONDS = 5


def answers(env: Mapping[str, str], worker: str) -> bool:
    """Tell whether the worker of this name answers within SECONDS."""
    from celery import Celery

    with Celery(broker=celery_variables(env)["AIRFLOW__CELERY__BROKER_URL"]) as asking:
        return bool(asking.control.ping([worker], timeout=SECONDS, limit=1))


if __name__ == "__main__":
    sys.exit(not answers(with_secrets(), f"celery@{socket.gethostname()}"))
