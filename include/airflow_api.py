"""A session with Airflow's REST API: log in, send, and say what was refused."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import CONFLICT, INTERNAL_SERVER_ERROR
from pathlib import Path
from urllib.parse import quote

import requests

from include.errors import TransientError

DAG_ID = "video_streaming_elt_pipeline"
ANSWER_SECONDS = 30
# Airflow gives no more of a list at once.
PAGE = 100


class AirflowApiError(RuntimeError):
    """Airflow refused a request, or does not know the DAG; the message says why."""


class AirflowUnreachableError(AirflowApiError, TransientError):
    """The api-server or its database does not answer: it is starting again, or gone."""


class AirflowConflictError(AirflowApiError):
    """What was asked for is so already, or its opposite stands in the way."""


@dataclass
class AirflowSession:
    """A session with the api-server at `url`, logged in as admin."""

    url: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        login = {"username": "admin", "password": self.password}
        token = self.request("POST", "/auth/token", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def of_task(cls, env: Mapping[str, str] = os.environ) -> "AirflowSession":
        """Return a session for a task, by what Airflow's components are told: address and file of logins.

        Raises AirflowApiError where no api-server is: `airflow dags test` runs a DAG without one.
        """
        try:
            logins = json.loads(Path(env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text())
            url = env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].removesuffix("/execution/")
        except KeyError as missing:
            raise AirflowApiError(f"This process has no api-server: {missing} is not set") from None
        return cls(url, logins["admin"])

    def instances(self, run_id: str, states: tuple[str, ...] = ()) -> list[dict]:
        """Return the run's task instances, mapped ones each; of all states where none are named."""
        found, total = [], 1
        while len(found) < total:
            query = {"limit": PAGE, "offset": len(found), "order_by": "id", "state": states}
            page = self.request("GET", f"{run_path(run_id)}/taskInstances", params=query)
            total = page["total_entries"] if page["task_instances"] else 0
            found += page["task_instances"]
        return found

    def clear(self, run_id: str, tasks: Sequence[str], **options: bool) -> None:
        """Clear tasks of a run, good ones too; `options` are those of Airflow's own request."""
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": tasks}
        self.request("POST", f"/api/v2/dags/{DAG_ID}/clearTaskInstances", json={**body, **options})

    def request(self, method: str, path: str, **options: object) -> dict:
        """Return Airflow's answer. Raises AirflowUnreachableError, or AirflowApiError for a refusal."""
        response = self.send(method, path, **options)
        if not response.ok:
            detail = _detail(response)
            error = AirflowConflictError if response.status_code == CONFLICT else AirflowApiError
            if response.status_code >= INTERNAL_SERVER_ERROR:
                # Its database is away, and comes back.
                error = AirflowUnreachableError
            raise error(f"Airflow answered {response.status_code} to {method} {path}: {detail}")
        return response.json()

    def send(self, method: str, path: str, **options: object) -> requests.Response:
        """Return the response as it is. Raises AirflowUnreachableError without one."""
        try:
            return self.session.request(method, self.url + path, timeout=ANSWER_SECONDS, **options)
        except requests.RequestException as error:
            raise AirflowUnreachableError(
                f"Airflow does not answer {method} {path} at {self.url}: {error}"
            ) from error


def run_path(run_id: str) -> str:
    """Return the address of a run, whose id has colons and a plus."""
    return f"/api/v2/dags/{DAG_ID}/dagRuns/{quote(run_id, safe='')}"


def _detail(response: requests.Response) -> object:
    """Return Airflow's own words, or those of something in between."""
    try:
        return response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason
