"""Airflow's REST API, the part that triggering a run and following it needs."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from include.airflow_api import (
    DAG_ID,
    PAGE,
    AirflowApiError,
    AirflowConflictError,
    AirflowSession,
    run_path,
)
from include.nodes import is_node

PARSE_SECONDS = 120
# Most of a run's tasks wait, and Airflow takes time to list them.
BEGUN = (
    *("running", "up_for_retry", "awaiting_input"),
    *("success", "failed", "upstream_failed", "skipped", "removed"),
)


@dataclass
class AirflowApi(AirflowSession):
    """A session that triggers runs of the pipeline and follows them."""

    # When a run was asked for whose id has not come yet.
    _asked: datetime | None = field(default=None, init=False)

    def wait_for_dag(self) -> None:
        """Wait until the DAG is parsed; raise AirflowApiError with the import error if it cannot be."""
        deadline = time.monotonic() + PARSE_SECONDS
        while self.send("GET", f"/api/v2/dags/{DAG_ID}").status_code != 200:
            if errors := self.request("GET", "/api/v2/importErrors")["import_errors"]:
                raise AirflowApiError(f"The DAG cannot be imported:\n{errors[0]['stack_trace']}")
            if time.monotonic() > deadline:
                raise AirflowApiError(f"Airflow did not find the DAG in {PARSE_SECONDS} s")
            time.sleep(0.25)

    def trigger(self, conf: dict[str, object]) -> str:
        """Start a run without a logical date and return its id.

        Called again after a request without an answer, it returns the run that the request made.
        """
        if self._asked and (made := self._made_since(self._asked, conf)):
            return made
        self._asked = self._asked or datetime.now(UTC)
        body = {"logical_date": None, "conf": conf}
        run_id = self.request("POST", f"/api/v2/dags/{DAG_ID}/dagRuns", json=body)["dag_run_id"]
        self._asked = None
        return run_id

    def trigger_once(
        self, run_id: str, conf: dict[str, object], note: str, logical_date: datetime | None = None
    ) -> bool:
        """Start a run with this id; return False when there is or was one, which is then the only one."""
        date = logical_date and logical_date.isoformat()
        body = {"dag_run_id": run_id, "logical_date": date, "conf": conf, "note": note}
        try:
            self.request("POST", f"/api/v2/dags/{DAG_ID}/dagRuns", json=body)
        except AirflowConflictError:
            return False
        return True

    def note(self, run_id: str, text: str) -> None:
        """Write a note on the run, which Airflow shows beside it."""
        self.request("PATCH", run_path(run_id), json={"note": text})

    def create_backfill(self, first: datetime, last: datetime, conf: dict[str, object]) -> int:
        """Create a backfill, one run after the other, and return its id. Days that ran before run again.

        Raises AirflowApiError while another one is open: Airflow takes one at a time.
        """
        body = {
            "dag_id": DAG_ID,
            "from_date": first.isoformat(),
            "to_date": last.isoformat(),
            "dag_run_conf": conf,
            "max_active_runs": 1,
            "reprocess_behavior": "completed",
        }
        try:
            return self.request("POST", "/api/v2/backfills", json=body)["id"]
        except AirflowConflictError:
            raise AirflowApiError(
                "Another backfill is open, and Airflow takes one at a time. One that has just ended is closed"
                " within a minute: try again then, or cancel it in Airflow"
            ) from None

    def runs_of_backfill(self, first: datetime, last: datetime) -> list[str]:
        """Return the ids of the backfill's runs in the order of their days."""
        bounds = f"logical_date_gte={quote(first.isoformat())}&logical_date_lte={quote(last.isoformat())}"
        query = f"run_type=backfill&order_by=logical_date&limit={PAGE}&{bounds}"
        found: list[dict] = []
        while True:
            path = f"/api/v2/dags/{DAG_ID}/dagRuns?{query}&offset={len(found)}"
            page = self.request("GET", path)
            found += page["dag_runs"]
            if not page["dag_runs"] or len(found) >= page["total_entries"]:
                return [run["dag_run_id"] for run in found]

    def cancel_backfill(self, backfill_id: int) -> None:
        """End a backfill, unless it has ended: its runs that have not begun fail."""
        with suppress(AirflowConflictError):
            self.request("PUT", f"/api/v2/backfills/{backfill_id}/cancel")

    def unfinished_runs(self) -> list[dict]:
        """Return the runs that are queued or running, the oldest first."""
        query = "state=queued&state=running&order_by=run_after"
        return self.request("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?{query}")["dag_runs"]

    def give_up(self, run_id: str) -> None:
        """End an unfinished run as failed, with its tasks."""
        self.request("PATCH", run_path(run_id), json={"state": "failed"})

    def unpause(self) -> None:
        """Let the DAG run: a run of a paused DAG stays queued."""
        path = f"/api/v2/dags/{DAG_ID}?update_mask=is_paused"
        self.request("PATCH", path, json={"is_paused": False})

    def run_state(self, run_id: str) -> str:
        """Return the state of the run: queued, running, success or failed."""
        return self.request("GET", run_path(run_id))["state"]

    def task_instances(self, run_id: str) -> list[dict]:
        """Return the run's task instances that have begun or ended, in the order in which they started.

        Of dbt's nodes those that failed: the others would be 77 lines more.
        """
        found = self.instances(run_id, BEGUN)
        tasks = [task for task in found if task["state"] == "failed" or not is_node(task["task_id"])]
        return sorted(tasks, key=lambda task: task["start_date"] or "9")

    def task_log(self, run_id: str, task: dict) -> list[dict]:
        """Return the lines of the task's last attempt."""
        path = f"{run_path(run_id)}/taskInstances/{task['task_id']}/logs/{max(task['try_number'], 1)}"
        return self.request("GET", f"{path}?full_content=true&map_index={task['map_index']}")["content"]

    def _made_since(self, moment: datetime, conf: dict[str, object]) -> str | None:
        """Return the newest run with this configuration that was triggered since then, if there is one."""
        newest = self.request("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?order_by=-run_after&limit=10")
        for run in newest["dag_runs"]:
            if run["conf"] == conf and datetime.fromisoformat(run["run_after"]) >= moment:
                return run["dag_run_id"]
        return None
