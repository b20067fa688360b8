"""What people are told of runs, by Airflow's own components: once of a failure, never of a recovery.

Scenario: all runs go on at the same time. Each test reads what was received of its own.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from cli import airflow
from cli.airflow_api import AirflowApi
from include import embedded
from include.embedded.processes import free_port
from tests.receiver import Receiver, receiving

DAGS = {
    "three_fail": "failed",
    "recovers": "success",
    "late": "success",
    "killed": "failed",
    "asks": "failed",
}
# Two of them of the question.
TOLD = 5
# In which there would be another one.
SETTLED_SECONDS = 10


@dataclass
class Told:
    """The Airflow that runs, the runs by DAG, and what was received of them."""

    api: AirflowApi
    receiver: Receiver
    logs: Path
    runs: dict[str, str]

    def run(self, dag_id: str) -> dict:
        return self.api.request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{quote(self.runs[dag_id])}")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder for servers. Not below pytest's own, which is closed to PostgreSQL if root runs the tests."""
    home = Path(tempfile.mkdtemp(prefix="streaming-alerts-"))
    (home / "dags").mkdir()
    shutil.copy(Path(__file__).with_name("alerted_dags.py"), home / "dags")
    yield home
    embedded.reset(home)


@pytest.fixture(scope="module")
def told(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Run every planted DAG once, until all have ended and no alert comes any more."""
    of_project = airflow.environment
    own = {"AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags")}
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(
            airflow, "environment", lambda *given: of_project(*given) | own
        )
        env = stack.enter_context(embedded.databases(home, tmp_path_factory.mktemp("env") / ".env"))
        env = {**env, "ALERT_URLS": f"{receiver.url} no-url-at-all"}
        url = stack.enter_context(airflow.components(home, env, free_port()))
        api = AirflowApi(url, env["AIRFLOW_UI_PASSWORD"])
        _wait(lambda: len(_dags(api)) == len(DAGS), 60, lambda: _errors(api))
        found = Told(api, receiver, home / "airflow" / "logs", {name: _trigger(api, name) for name in DAGS})
        _wait(lambda: {name: found.run(name)["state"] for name in DAGS} == DAGS, 90, lambda: receiver.alerts)
        _wait(lambda: len(receiver.alerts) >= TOLD, 60, lambda: receiver.alerts)
        time.sleep(SETTLED_SECONDS)
        yield found


def _dags(api: AirflowApi) -> list[dict]:
    return api.request("GET", "/api/v2/dags")["dags"]


def _errors(api: AirflowApi) -> list[str]:
    return [error["stack_trace"] for error in api.request("GET", "/api/v2/importErrors")["import_errors"]]


def _trigger(api: AirflowApi, dag_id: str) -> str:
    started = api.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})
    return started["dag_run_id"]


def _wait(condition: Callable[[], bool], seconds: float, said: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.5)


def test_run_in_which_three_tasks_fail_is_told_once(told):
    [alert] = told.receiver.of("three_fail")
    assert (alert["title"], alert["type"]) == ("three_fail failed: first", "failure")
    # The first to fail, though it is not the last that Airflow knows.
    assert alert["message"].splitlines() == [
        "DAG: three_fail",
        "Task: first",
        "Cause: InputError: users.csv, line 12, column 3: 'x' is no number",
        "What to do: fix the file and trigger a run. Runbook: docs/operations.md#a-run-failed",
        "Failed as well: load[users], last",
        f"Run: {told.api.url}/dags/three_fail/runs/{quote(told.runs['three_fail'], safe='')}",
    ]


def test_run_whose_task_recovered_is_not_told(told):
    tries = [log.stem for log in told.logs.glob("dag_id=recovers/*/task_id=load/*.log")]
    assert sorted(tries) == ["attempt=1", "attempt=2"]
    assert told.receiver.of("recovers") == []


@pytest.mark.runbook("late: …")
def test_run_that_misses_its_deadline_is_told_once_and_goes_on(told):
    [alert] = told.receiver.of("late")
    assert (alert["title"], alert["type"]) == ("late is late", "failure")
    assert "\nCause: late: the run has not ended by 2" in alert["message"]
    assert "\nWhat to do: open the run: " in alert["message"]
    assert f"/dags/late/runs/{quote(told.runs['late'], safe='')}" in alert["message"]


def test_worker_that_was_killed_is_told_though_it_left_no_word(told):
    [alert] = told.receiver.of("killed")
    assert "\nTask: load\nCause: WorkerKilled: " in alert["message"]
    assert "\nWhat to do: give the machine" in alert["message"]


def test_question_is_told_when_it_is_asked_and_when_nobody_answered(told):
    asked, expired = told.receiver.of("asks")
    assert (asked["title"], asked["type"]) == ("asks asks for approval", "info")
    page = f"{told.api.url}/dags/asks/runs/{told.runs['asks']}/tasks/approve/required_actions?map_index=-1"
    assert asked["message"].splitlines()[2:] == [
        "Question: Publish?",
        "Time to answer: 0:00:08",
        f"Answer: {page}",
    ]
    assert (expired["title"], expired["type"]) == ("asks failed: approve", "failure")
    assert "\nCause: HITLTimeoutError: Nobody answered within" in expired["message"]
    assert "\nWhat to do: clear approve_publication, which asks again" in expired["message"]


def test_a_dag_with_a_deadline_has_one_version_however_often_it_is_parsed(told):
    again = told.api.request("GET", "/api/v2/dags/late")["last_parsed_time"]
    assert again > told.run("late")["start_date"]
    assert told.api.request("GET", "/api/v2/dags/late/dagVersions")["total_entries"] == 1


def test_urls_of_receivers_are_in_no_log_and_one_that_is_none_stops_nothing(told):
    folder = told.logs.parent
    logs = {file: file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()}
    assert [file for file, text in logs.items() if "secret-token" in text or "no-url-at-all" in text] == []
    said = "".join(logs.values())
    assert "Receiver 1 of ALERT_URLS took the alert" in said
    assert "Receiver 2 of ALERT_URLS is no URL that Apprise knows" in said


@pytest.mark.nightly
def test_run_that_a_person_cleared_and_that_failed_again_is_told_again(told):
    cleared = {"dag_run_id": told.runs["three_fail"], "only_failed": True, "dry_run": False}
    told.api.request("POST", "/api/v2/dags/three_fail/clearTaskInstances", json=cleared)
    _wait(lambda: len(told.receiver.of("three_fail")) > 1, 60, lambda: told.run("three_fail"))
    time.sleep(SETTLED_SECONDS)
    first, again = told.receiver.of("three_fail")
    assert again["message"] == first["message"]
