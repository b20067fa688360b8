"""Airflow's REST API, the part that triggering a run and following it needs."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

import requests

DAG_ID = "video_streaming_elt_pipeline"
PARSE_SECONDS = 120
ANSWER_SECONDS = 30


class AirflowApiError(RuntimeError):
    """Airflow refused a request, or does not know the DAG; the message says why."""


class AirflowUnreachableError(AirflowApiError):
    """The api-server or its database does not answer: it is starting again, or gone."""


@dataclass
class AirflowApi:
    """A session with the api-server at `url`, logged in as admin."""

    url: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)
    # When a run was asked for whose id has not come yet.
    _asked: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        login = {"username": "admin", "password": self.password}
        token = self._request("POST", "/auth/token", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def wait_for_dag(self) -> None:
        """Wait until the DAG is parsed; raise AirflowApiError with the import error if it cannot be."""
        deadline = time.monotonic() + PARSE_SECONDS
        while self._send("GET", f"/api/v2/dags/{DAG_ID}").status_code != 200:
            if errors := self._request("GET", "/api/v2/importErrors")["import_errors"]:
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
        run_id = self._request("POST", f"/api/v2/dags/{DAG_ID}/dagRuns", json=body)["dag_run_id"]
        self._asked = None
        return run_id

    def trigger_once(self, run_id: str, conf: dict[str, object], note: str) -> bool:
        """Start a run with this id; return False when there is or was one, which is then the only one."""
        path = f"/api/v2/dags/{DAG_ID}/dagRuns"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf, "note": note}
        response = self._send("POST", path, json=body)
        if response.status_code == HTTPStatus.CONFLICT:
            return False
        _content(response, "POST", path)
        return True

    def unfinished_runs(self) -> list[dict]:
        """Return the runs that are queued or running, the oldest first."""
        query = "state=queued&state=running&order_by=run_after"
        return self._request("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?{query}")["dag_runs"]

    def give_up(self, run_id: str) -> None:
        """End an unfinished run as failed, with its tasks."""
        self._request("PATCH", self._run(run_id), json={"state": "failed"})

    def unpause(self) -> None:
        """Let the DAG run: a run of a paused DAG stays queued."""
        path = f"/api/v2/dags/{DAG_ID}?update_mask=is_paused"
        self._request("PATCH", path, json={"is_paused": False})

    def run_state(self, run_id: str) -> str:
        """Return the state of the run: queued, running, success or failed."""
        return self._request("GET", self._run(run_id))["state"]

    def task_instances(self, run_id: str) -> list[dict]:
        """Return the run's task instances, mapped ones each, in the order in which they started."""
        tasks = self._request("GET", f"{self._run(run_id)}/taskInstances")["task_instances"]
        return sorted(tasks, key=lambda task: task["start_date"] or "9")

    def task_log(self, run_id: str, task: dict) -> list[dict]:
        """Return the lines of the task's last attempt."""
        path = f"{self._run(run_id)}/taskInstances/{task['task_id']}/logs/{max(task['try_number'], 1)}"
        return self._request("GET", f"{path}?full_content=true&map_index={task['map_index']}")["content"]

    def _made_since(self, moment: datetime, conf: dict[str, object]) -> str | None:
        """Return the newest run with this configuration that was triggered since then, if there is one."""
        newest = self._request("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?order_by=-run_after&limit=10")
        for run in newest["dag_runs"]:
            if run["conf"] == conf and datetime.fromisoformat(run["run_after"]) >= moment:
                return run["dag_run_id"]
        return None

    def _run(self, run_id: str) -> str:
        return f"/api/v2/dags/{DAG_ID}/dagRuns/{quote(run_id, safe='')}"

    def _request(self, method: str, path: str, **options: object) -> dict:
        return _content(self._send(method, path, **options), method, path)

    def _send(self, method: str, path: str, **options: object) -> requests.Response:
        try:
            return self.session.request(method, self.url + path, timeout=ANSWER_SECONDS, **options)
        except requests.RequestException as error:
            raise AirflowUnreachableError(
                f"Airflow does not answer {method} {path} at {self.url}: {error}"
            ) from error


def _content(response: requests.Response, method: str, path: str) -> dict:
    """Return what an answer holds. Raises AirflowApiError for a refusal."""
    if not response.ok:
        detail = _detail(response)
        # 5xx: its database is away, and comes back.
        error = AirflowUnreachableError if response.status_code >= 500 else AirflowApiError
        raise error(f"Airflow answered {response.status_code} to {method} {path}: {detail}")
    return response.json()


def _detail(response: requests.Response) -> object:
    """Return Airflow's own words, or those of something in between."""
    try:
        return response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason
