"""Show a run's progress: a line for each task that ended, and what runs now."""

import sys
import time

from cli.airflow_api import AirflowApi
from cli.patience import PAUSE_SECONDS, patiently
from include.nodes import GROUP
from include.waiting import QUIET_SECONDS

# The states in which a task has ended, and what a person reads.
SIGNS = {
    "success": "ok",
    "failed": "FAILED",
    "upstream_failed": "not run",
    "skipped": "skipped",
    "removed": "removed",
}


def follow(api: AirflowApi, run_id: str, *, shows_tasks: bool = True) -> str:
    """Print until the run has ended, each task that ended or only what is awaited; return its state."""
    seen: set[tuple[str, int]] = set()
    # Not at the top: other commands start without Rich.
    from rich.console import Console
    from rich.text import Text

    console = Console()
    silence = _Silence()
    # A file or pipe gets nothing of the line below, but a word when nothing else comes.
    with console.status("") as line:
        while True:
            state, tasks = patiently(_look, api, run_id)
            if shows_tasks and _print_ended(tasks, seen):
                silence = _Silence()
            if state in {"success", "failed"}:
                return state
            awaited = _awaited(state, tasks)
            line.update(Text(awaited))
            if not console.is_terminal:
                silence.tell(awaited if shows_tasks else f"run {run_id}")
            time.sleep(PAUSE_SECONDS)


def _look(api: AirflowApi, run_id: str) -> tuple[str, list[dict]]:
    return api.run_state(run_id), api.task_instances(run_id)


def _awaited(state: str, tasks: list[dict]) -> str:
    """Return what the run waits for: the tasks that run, or the scheduler."""
    if any(task["state"] == "awaiting_input" for task in tasks):
        return "a person: see Required Actions in Airflow's UI"
    running = [label(task) for task in tasks if task["state"] in {"running", "up_for_retry"}]
    if running:
        return ", ".join(running)
    return "the run to begin" if state == "queued" else "the next task to begin"


class _Silence:
    """Says what is awaited once nothing was printed for QUIET_SECONDS, and again when that has changed."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._said = ""

    def tell(self, awaited: str) -> None:
        seconds = time.monotonic() - self._began
        if seconds > QUIET_SECONDS and awaited != self._said:
            self._said = awaited
            print(f"  waiting for {awaited} ({seconds:.0f} s)", file=sys.stderr, flush=True)


def label(task: dict) -> str:
    """Return the task's id, with the table's name for a mapped one."""
    name = task["task_id"].removeprefix("extract_to_data_warehouse.").removeprefix(f"{GROUP}.")
    return f"{name}[{task['rendered_map_index'] or task['map_index']}]" if task["map_index"] >= 0 else name


def _print_ended(tasks: list[dict], seen: set[tuple[str, int]]) -> bool:
    """Print each task that has ended since the last look; tell whether there was one."""
    before = len(seen)
    for task in tasks:
        key = (task["task_id"], task["map_index"])
        if task["state"] in SIGNS and key not in seen:
            seen.add(key)
            attempts = f" (attempt {task['try_number']})" if task["try_number"] > 1 else ""
            print(
                f"  {SIGNS[task['state']]:8} {label(task):44} {task['duration'] or 0:6.1f} s{attempts}",
                flush=True,
            )
    return len(seen) > before
