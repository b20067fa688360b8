"""Show a run's progress: a line for each task that ended, and what runs now."""

import time
from collections.abc import Callable, Iterator

from cli.airflow_api import AirflowApi, AirflowUnreachableError

PATIENCE_SECONDS = 120

# The states in which a task has ended, and what a person reads.
SIGNS = {
    "success": "ok",
    "failed": "FAILED",
    "upstream_failed": "not run",
    "skipped": "skipped",
    "removed": "removed",
}


def follow(api: AirflowApi, run_id: str) -> str:
    """Print until the run has ended; return its state."""
    seen: set[tuple[str, int]] = set()
    # Not at the top: other commands start without Rich.
    from rich.console import Console
    from rich.text import Text

    # A file or pipe gets nothing of the line below.
    with Console().status("") as line:
        for state, tasks in _states(api, run_id, line.update):
            _print_ended(tasks, seen)
            if state in {"success", "failed"}:
                return state
            running = [label(task) for task in tasks if task["state"] in {"running", "up_for_retry"}]
            line.update(Text(", ".join(running)))
    raise AssertionError("a run is watched until it ends")


def _states(api: AirflowApi, run_id: str, show: Callable[[str], None]) -> Iterator[tuple[str, list[dict]]]:
    """Yield the run's state and tasks twice a second; an api-server that is away has PATIENCE_SECONDS."""
    answered = time.monotonic()
    while True:
        try:
            yield api.run_state(run_id), api.task_instances(run_id)
            answered = time.monotonic()
        except AirflowUnreachableError:
            # The run goes on without it.
            if time.monotonic() - answered > PATIENCE_SECONDS:
                raise
            show("Airflow does not answer, waiting")
        time.sleep(0.5)


def label(task: dict) -> str:
    """Return the task's id, with the table's name for a mapped one."""
    name = task["task_id"].removeprefix("extract_to_data_warehouse.")
    return f"{name}[{task['rendered_map_index'] or task['map_index']}]" if task["map_index"] >= 0 else name


def _print_ended(tasks: list[dict], seen: set[tuple[str, int]]) -> None:
    for task in tasks:
        key = (task["task_id"], task["map_index"])
        if task["state"] in SIGNS and key not in seen:
            seen.add(key)
            attempts = f" (attempt {task['try_number']})" if task["try_number"] > 1 else ""
            print(
                f"  {SIGNS[task['state']]:8} {label(task):44} {task['duration'] or 0:6.1f} s{attempts}",
                flush=True,
            )
