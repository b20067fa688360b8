"""Why a run failed: the error of the task that failed first, and where its whole log is."""

import re
from pathlib import Path

from cli.airflow_api import AirflowApi
from cli.follow import label
from cli.patience import patiently
from include.airflow_api import DAG_ID
from include.nodes import is_node

# From this line on dbt prints what went wrong, and nothing else.
DBT_ERRORS = re.compile(r"Completed with|Encountered an error")
DBT_CLOCK = re.compile(r"^\d\d:\d\d:\d\d {0,2}")


def print_failure(api: AirflowApi, run_id: str, logs: Path) -> None:
    """Print the error of each failed task as its log says it, without the traceback."""
    # What dbt says of its nodes is in the log of the task that ran it.
    tasks = [task for task in patiently(api.task_instances, run_id) if not is_node(task["task_id"])]
    failed = [task for task in tasks if task["state"] == "failed"]
    if not failed:
        print(f"\nThe run failed before a task did; see {logs.parent}/scheduler.log")
    for task in failed:
        print(f"\n{label(task)} failed:")
        for line in _errors(patiently(api.task_log, run_id, task)):
            print(f"  {line}")
        print(f"  Its log: {_log_path(logs, run_id, task)}")


def _errors(log: list[dict]) -> list[str]:
    """Return each error of a log once, dbt's own words first; without any, how the log ends."""
    lines = _dbt_errors(log)
    for entry in log:
        if entry.get("error_detail"):
            lines += [f"{error['exc_type']}: {error['exc_value']}" for error in entry["error_detail"]]
        elif entry.get("level") == "error":
            lines.append(str(entry["event"]))
    return list(dict.fromkeys(lines)) or [str(entry.get("event")) for entry in log[-10:]]


def _dbt_errors(log: list[dict]) -> list[str]:
    """Return what dbt printed from its list of errors on: it reaches the log as the output of a shell."""
    printed = [entry["event"] for entry in log if str(entry.get("logger")).endswith("SubprocessHook")]
    starts = [number for number, line in enumerate(printed) if DBT_ERRORS.search(line)]
    errors = [DBT_CLOCK.sub("", line).rstrip() for line in printed[starts[0] :]] if starts else []
    return [line for line in errors if line]


def _log_path(logs: Path, run_id: str, task: dict) -> Path:
    folder = logs / f"dag_id={DAG_ID}" / f"run_id={run_id}" / f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        folder /= f"map_index={task['map_index']}"
    return folder / f"attempt={task['try_number']}.log"
