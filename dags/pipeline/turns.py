"""Whose turn it is to work on the warehouse: one run at a time, and days in their order.

The first task that writes there claims the warehouse for its run (include/ops/warehouse_claim.py), and waits
for its turn without holding a worker. Each later task holds the claim while it is at work, and the last one
gives it back. Airflow's own limit, max_active_runs, does not count the days of a backfill, of which several
may run at once, and knows nothing of other Airflows.
"""

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import uuid4

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.sdk.timezone import utcnow
from psycopg2.extensions import cursor as Cursor

from include.connections import postgres
from include.errors import WarehouseInUseError
from include.failures import explained
from include.ops import warehouse_claim
from include.ops.warehouse_claim import GAP, Claimant, found_claim
from include.transaction import transaction

log = logging.getLogger(__name__)

CLAIMANT = "warehouse_claimant"
WHAT_IT_IS = "Names this Airflow in the warehouse's ops.warehouse_claim: docs/backfill.md"
PAUSE = timedelta(seconds=20)
UNFINISHED = ["queued", "running"]


def claiming(function: Callable) -> Callable:
    """Return the task, after which the run has the warehouse; until it is its turn it is tried again."""

    @explained
    @wraps(function)
    def call(*arguments: Any, **context: Any) -> Any:
        done = function(*arguments, **context)
        try:
            with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
                _claim(cursor, context)
        except WarehouseInUseError as error:
            log.info("%s. This run begins when that has ended", error)
            raise AirflowRescheduleException(utcnow() + PAUSE) from None
        return done

    return call


def at_work(function: Callable) -> Callable:
    """Return the task, which has the warehouse to its run while it is at work."""

    @explained
    @wraps(function)
    def call(*arguments: Any, **context: Any) -> Any:
        with having_warehouse(context):
            return function(*arguments, **context)

    return call


def releasing(function: Callable) -> Callable:
    """Return the last task, after which the next run may have the warehouse."""

    @explained
    @wraps(function)
    def call(*arguments: Any, **context: Any) -> Any:
        done = function(*arguments, **context)
        with postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
            warehouse_claim.release(cursor, _claimant(cursor, context))
        return done

    return call


class BashAtWork(BashOperator):
    """A shell command that has the warehouse to its run while it is at work."""

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Run the command."""
        with having_warehouse(context):
            return super().execute(context)


@contextmanager
def having_warehouse(context: Mapping[str, Any], kept: timedelta = GAP) -> Iterator[None]:
    """Have the warehouse to the task's run during the block, and keep it for so long after it."""
    with postgres("warehouse") as warehouse:
        with transaction(warehouse) as cursor:
            claimant = _claimant(cursor, context)
        with warehouse_claim.at_work(warehouse, claimant, lambda run_id: _is_over(context, run_id), kept):
            yield


def _claim(cursor: Cursor, context: Mapping[str, Any]) -> None:
    """Take the warehouse. Raises WarehouseInUseError while another run has it, or an earlier day is to."""
    claimant = _claimant(cursor, context)
    if not found_claim(cursor).is_of(claimant) and (earlier := _earlier_day(context)):
        raise WarehouseInUseError(f"{earlier} is of an earlier day, and comes first")
    warehouse_claim.claim(cursor, claimant, lambda run_id: _is_over(context, run_id))


def _earlier_day(context: Mapping[str, Any]) -> str | None:
    """Return the run of an earlier day that comes first, if there is one.

    A run that is no backfill's waits also for days of a backfill that have not begun. Those of a backfill do
    not wait for each other's beginning, as it may go backwards.
    """
    task = context["ti"]
    if running := task.get_previous_dagrun(state="running"):
        return running.run_id
    queued = task.get_previous_dagrun(state="queued")
    is_day_of_backfill = queued and queued.run_type == "backfill" != context["dag_run"].run_type
    return queued.run_id if is_day_of_backfill else None


def _is_over(context: Mapping[str, Any], run_id: str) -> bool:
    """Tell whether a run of this Airflow has ended."""
    task = context["ti"]
    return not task.get_dr_count(dag_id=task.dag_id, run_ids=[run_id], states=UNFINISHED)


def _claimant(cursor: Cursor, context: Mapping[str, Any]) -> Claimant:
    """Return the run as the warehouse knows it. Two Airflows may have runs of the same id."""
    airflow = Variable.get(CLAIMANT, default=None) or _named(cursor)
    return Claimant(airflow, context["run_id"], socket.gethostname())


def _named(cursor: Cursor) -> str:
    """Name this Airflow, in its own database, once."""
    # Two first runs would name it twice.
    found_claim(cursor)
    if not (known := Variable.get(CLAIMANT, default=None)):
        known = str(uuid4())
        Variable.set(CLAIMANT, known, description=WHAT_IT_IS)
    return known
