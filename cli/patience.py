"""Patience with Airflow in one place: its api-server may be slow, starting, or without its database."""

import time
from collections.abc import Callable
from typing import TypeVar

from include.airflow_api import AirflowUnreachableError
from include.waiting import announced

PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.5

Answer = TypeVar("Answer")


def patiently(call: Callable[..., Answer], *arguments: object) -> Answer:
    """Return what the call returns, tried again while Airflow does not answer, and say that it waits.

    Raises AirflowUnreachableError PATIENCE_SECONDS after the first of these failures, and at once what else
    the call raises.
    """
    deadline = None
    with announced("Airflow to answer"):
        while True:
            try:
                return call(*arguments)
            except AirflowUnreachableError:
                # What runs goes on without it. What the call waited for before it failed does not count.
                deadline = deadline or time.monotonic() + PATIENCE_SECONDS
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE_SECONDS)
