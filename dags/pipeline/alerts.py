"""Tell people of a run or an outage: once when it failed, once when it is late, when it asks for approval.

Data flow: a task that fails for good leaves its cause (XCom `cause`) -> when the run has ended, Airflow's
dag-processor calls `tell_failed_run`, which collects all causes -> one alert. None fails what it tells of.
"""

import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from urllib.parse import quote

from airflow.sdk import DAG, BaseNotifier, BaseXCom, DeadlineAlert, SyncCallback
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from dags.pipeline.deadline import SinceQueued
from include.alerts import tell
from include.causes import cause_of
from include.rules.texts import listed
from include.runbook import what_to_do

log = logging.getLogger(__name__)

CAUSE = "cause"
ENDED = {"success", "failed"}
KILLED = "WorkerKilled: its worker ended without a word, as when the memory is used up"


def _never_raising(callback: Callable[..., None]) -> Callable[..., None]:
    """Return the callback, whose errors are a line in the log: what it tells of has gone wrong already."""

    @wraps(callback)
    def call(*arguments: object, **named: object) -> None:
        try:
            callback(*arguments, **named)
        except Exception as error:
            log.warning("No alert: %s failed (%s)", callback.__name__, type(error).__name__)

    return call


@_never_raising
def note_cause(context: Mapping) -> None:
    """Leave the cause of a task that failed for good, for the alert of its run.

    Of a worker that was killed Airflow tells the dag-processor, without an error; nothing can be left there.
    """
    error, task = context.get("exception"), context["ti"]
    if error is not None:
        said = {"task": _label(task), "said": cause_of(error, context["run_id"])}
        task.xcom_push(CAUSE, {"at": datetime.now(UTC).isoformat(), **said})


@_never_raising
def tell_failed_run(context: Mapping) -> None:
    """Send the one alert of a run that failed: the task that failed first names the cause."""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    first, *others = _failures(context["dag"], run_id) or [_last(context)]
    body = {
        "DAG": dag_id,
        "Task": first["task"],
        "Cause": first["said"],
        "What to do": what_to_do(f"{first['task']}: {first['said']}"),
        "Failed as well": listed(failure["task"] for failure in others),
        "Run": _link(dag_id, run_id),
    }
    tell(f"{dag_id} failed: {first['task']}", _lines(body))


@_never_raising
def tell_outage(context: Mapping) -> None:
    """Send the alert of a run that failed, unless the run before it failed of the same error.

    For a DAG that looks at something every few minutes: an outage of hours is told once.
    """
    if not _was_told(context):
        tell_failed_run(context)


@_never_raising
def tell_late_run(context: Mapping) -> None:
    """Send the alert of a run that has not ended by its deadline; one that failed was told of already."""
    run = context["dag_run"]
    if run["state"] in ENDED:
        return
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    by = f"{str(context['deadline']['deadline_time'])[:16]} UTC"
    cause = f"late: the run has not ended by {by}, it is {run['state']}"
    body = {"DAG": dag_id, "Cause": cause, "What to do": what_to_do(cause), "Run": _link(dag_id, run_id)}
    tell(f"{dag_id} is late", _lines(body))


class ApprovalAsked(BaseNotifier):
    """For `notifiers` of an ApprovalOperator: tells people that a run waits for their answer."""

    @_never_raising
    def notify(self, context: Mapping) -> None:
        """Send the question, until when it can be answered, and where."""
        task, dag_id = context["task"], context["dag"].dag_id
        body = {
            "DAG": dag_id,
            "Task": _label(context["ti"]),
            "Question": task.subject,
            "Time to answer": str(task.response_timeout or "not limited"),
            "Answer": task.generate_link_to_ui(task_instance=context["ti"]),
        }
        tell(f"{dag_id} asks for approval", _lines(body), is_failure=False)


def deadline(env: Mapping[str, str] = os.environ) -> DeadlineAlert | None:
    """Return the deadline that `.env` sets for every run, or None."""
    minutes = env.get("RUN_DEADLINE_MINUTES", "120")
    return late_after(timedelta(minutes=int(minutes))) if minutes else None


def late_after(interval: timedelta) -> DeadlineAlert:
    """Return a deadline that tells people once, so long after a run was queued."""
    return DeadlineAlert(SinceQueued(), interval, SyncCallback(tell_late_run))


def _failures(dag: DAG, run_id: str) -> list[dict[str, str]]:
    """Return task and cause of all that failed, the first to fail first; nothing where Airflow cannot say."""
    try:
        states = RuntimeTaskInstance.get_task_states(dag.dag_id, run_ids=[run_id])[run_id]
        failed = [_failure(dag, run_id, name) for name, state in states.items() if state == "failed"]
    except Exception as error:
        log.warning("Which tasks failed cannot be read (%s: %s)", type(error).__name__, error)
        return []
    return sorted(failed, key=lambda failure: failure["at"])


def _was_told(context: Mapping) -> bool:
    """Tell whether the run before failed of the same error; where Airflow cannot say, it did not."""
    try:
        before = context["ti"].get_previous_dagrun()
        if before is None or before.state != "failed":
            return False
        now, then = (_failures(context["dag"], run_id) for run_id in (context["run_id"], before.run_id))
        return bool(now) and [_error(failure) for failure in now] == [_error(failure) for failure in then]
    except Exception as error:
        log.warning("What was told before cannot be read (%s: %s)", type(error).__name__, error)
        return False


def _error(failure: Mapping[str, str]) -> tuple[str, str]:
    """Return the task, and the error's name."""
    return failure["task"], failure["said"].partition(":")[0]


def _failure(dag: DAG, run_id: str, name: str) -> dict[str, str]:
    """Return what a task left, or that it left nothing; the name of a mapped one ends with its index."""
    task_id, _, index = name.rpartition("_")
    place = {"task_id": name, "map_index": -1}
    if not dag.has_task(name):
        place = {"task_id": task_id, "map_index": int(index)}
    left = BaseXCom.get_one(key=CAUSE, dag_id=dag.dag_id, run_id=run_id, **place)
    return left or {"at": "last", "task": name, "said": KILLED}


def _last(context: Mapping) -> dict[str, str]:
    """Return what Airflow itself says: which task it blames, if any, and a word of its own for the cause."""
    return {"task": context["ti"].task_id if "ti" in context else "none", "said": context["reason"]}


def _label(instance: RuntimeTaskInstance) -> str:
    index = instance.map_index if instance.map_index is not None else -1
    return f"{instance.task_id}[{instance.rendered_map_index or index}]" if index >= 0 else instance.task_id


def _link(dag_id: str, run_id: str) -> str:
    """Return where the UI shows the run."""
    ui = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    return f"{ui}/dags/{dag_id}/runs/{quote(run_id, safe='')}"


def _lines(body: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in body.items() if text)
