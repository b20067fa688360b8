"""Requests to Airflow and the words for its refusals, against a server that answers from a script."""

import pytest

from cli import airflow_api, patience
from cli.airflow_api import AirflowApi
from cli.patience import patiently
from include.airflow_api import DAG_ID, AirflowApiError, AirflowUnreachableError
from include.embedded.processes import free_port
from tests.unit.conftest import Stub

DAG = f"/api/v2/dags/{DAG_ID}"
RUNS = f"{DAG}/dagRuns"
RUN_ID = "manual__2024-09-01T06:00:00.000001+00:00"
RUN = f"{RUNS}/manual__2024-09-01T06%3A00%3A00.000001%2B00%3A00"


@pytest.fixture
def api(stub: Stub) -> AirflowApi:
    stub.answers["POST", "/auth/token"] = {"access_token": "the token"}
    logged_in = AirflowApi(stub.url, "p@ss:w/rd")
    assert stub.requests.pop() == (
        "POST",
        "/auth/token",
        {"username": "admin", "password": "p@ss:w/rd"},
        None,
    )
    return logged_in


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(AirflowApiError) as caught:
        call(*arguments)
    return str(caught.value)


def test_run_is_triggered_without_a_logical_date(api: AirflowApi, stub: Stub) -> None:
    stub.answers["POST", RUNS] = {"dag_run_id": RUN_ID}
    assert api.trigger({"as_of": "2024-09-02"}) == RUN_ID
    body = {"logical_date": None, "conf": {"as_of": "2024-09-02"}}
    assert stub.requests == [("POST", RUNS, body, "Bearer the token")]


def test_paused_dag_is_let_go(api: AirflowApi, stub: Stub) -> None:
    stub.answers["PATCH", f"{DAG}?update_mask=is_paused"] = {"is_paused": False}
    api.unpause()
    assert stub.requests[0][2] == {"is_paused": False}


def test_run_is_asked_for_by_its_id_with_colons_and_plus(api: AirflowApi, stub: Stub) -> None:
    stub.answers["GET", RUN] = {"state": "running"}
    assert api.run_state(RUN_ID) == "running"


def test_tasks_come_in_the_order_in_which_they_started_and_good_nodes_of_dbt_not_at_all(
    api: AirflowApi, stub: Stub
) -> None:
    started = [
        ("c", "2024-09-01T06:00:03Z", "success"),
        ("dbt_nodes.models.dim_users", "2024-09-01T06:00:02Z", "success"),
        ("x", None, "upstream_failed"),
        ("dbt_nodes.models.dim_dates", "2024-09-01T06:00:04Z", "failed"),
        ("a", "2024-09-01T06:00:01Z", "running"),
    ]
    tasks = [dict(zip(("task_id", "start_date", "state"), each, strict=True)) for each in started]
    states = "&".join(f"state={state}" for state in airflow_api.BEGUN)
    # Airflow gives a part of a long list.
    for offset, part in ((0, tasks[:3]), (3, tasks[3:])):
        path = f"{RUN}/taskInstances?limit=100&offset={offset}&order_by=id&{states}"
        stub.answers["GET", path] = {"task_instances": part, "total_entries": 5}
    found = [task["task_id"] for task in api.task_instances(RUN_ID)]
    assert found == ["a", "c", "dbt_nodes.models.dim_dates", "x"]


@pytest.mark.parametrize(("try_number", "attempt"), [(0, 1), (1, 1), (3, 3)])
def test_log_is_that_of_the_last_attempt(api: AirflowApi, stub: Stub, try_number: int, attempt: int) -> None:
    path = f"{RUN}/taskInstances/group.load/logs/{attempt}?full_content=true&map_index=2"
    stub.answers["GET", path] = {"content": [{"event": "hello"}]}
    task = {"task_id": "group.load", "try_number": try_number, "map_index": 2}
    assert api.task_log(RUN_ID, task) == [{"event": "hello"}]


def test_wrong_password_is_told(stub: Stub) -> None:
    stub.answers["POST", "/auth/token"] = (401, '{"detail": "Invalid credentials"}')
    message = refusal(AirflowApi, stub.url, "guess")
    assert message == "Airflow answered 401 to POST /auth/token: Invalid credentials"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((409, '{"detail": "DAG is paused"}'), "409 to POST {path}: DAG is paused"),
        ((422, '{"detail": [{"msg": "no date"}]}'), "422 to POST {path}: [{{'msg': 'no date'}}]"),
        ((502, "<html>Bad Gateway</html>"), "502 to POST {path}: <html>Bad Gateway</html>"),
        ((500, '["no", "detail"]'), '500 to POST {path}: ["no", "detail"]'),
        ((500, '{"error": "x"}'), '500 to POST {path}: {{"error": "x"}}'),
        ((503, ""), "503 to POST {path}: Service Unavailable"),
    ],
)
def test_refusal_is_told_with_request_and_reason(
    api: AirflowApi, stub: Stub, answer: tuple[int, str], words: str
) -> None:
    stub.answers["POST", RUNS] = answer
    assert refusal(api.trigger, {}) == f"Airflow answered {words.format(path=RUNS)}"


def test_server_that_is_gone_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    message = refusal(AirflowApi, url, "x")
    assert message.startswith(f"Airflow does not answer POST /auth/token at {url}: ")


def test_server_that_goes_while_the_dag_is_awaited_is_told(api: AirflowApi) -> None:
    api.url = f"http://127.0.0.1:{free_port()}"
    assert f"does not answer GET {DAG} at {api.url}" in refusal(api.wait_for_dag)


def test_dag_is_awaited_until_it_is_parsed(
    api: AirflowApi, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.answers["GET", "/api/v2/importErrors"] = {"import_errors": []}
    monkeypatch.setattr(airflow_api.time, "sleep", lambda _: stub.answers.update({("GET", DAG): {}}))
    api.wait_for_dag()
    paths = [path for _, path, *_ in stub.requests]
    assert paths == [DAG, "/api/v2/importErrors", DAG]


def test_dag_that_cannot_be_imported_is_told_with_its_traceback(api: AirflowApi, stub: Stub) -> None:
    errors = [{"filename": "dag.py", "stack_trace": "ModuleNotFoundError: No module named 'x'"}]
    stub.answers["GET", "/api/v2/importErrors"] = {"import_errors": errors}
    message = refusal(api.wait_for_dag)
    assert message == "The DAG cannot be imported:\nModuleNotFoundError: No module named 'x'"


def test_dag_that_never_comes_is_told(api: AirflowApi, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.answers["GET", "/api/v2/importErrors"] = {"import_errors": []}
    monkeypatch.setattr(airflow_api, "PARSE_SECONDS", -1)
    assert "Airflow did not find the DAG in" in refusal(api.wait_for_dag)


@pytest.mark.parametrize(("status", "passes"), [(500, True), (503, True), (404, False), (409, False)])
def test_only_what_may_pass_is_called_unreachable(
    api: AirflowApi, stub: Stub, status: int, passes: bool
) -> None:
    stub.answers["GET", RUN] = (status, '{"detail": "no"}')
    with pytest.raises(AirflowApiError) as caught:
        api.run_state(RUN_ID)
    assert isinstance(caught.value, AirflowUnreachableError) is passes


def test_run_whose_answer_was_lost_is_not_triggered_twice(
    api: AirflowApi, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = {"as_of": "2024-09-02"}
    stub.answers["POST", RUNS] = (504, "")
    with pytest.raises(AirflowUnreachableError):
        api.trigger(conf)
    made = {"dag_run_id": RUN_ID, "conf": conf, "run_after": "2999-01-01T00:00:00Z"}
    older = {"dag_run_id": "older", "conf": conf, "run_after": "2024-01-01T00:00:00Z"}
    other = {"dag_run_id": "other", "conf": {}, "run_after": "2999-01-01T00:00:00Z"}
    stub.answers["GET", f"{RUNS}?order_by=-run_after&limit=10"] = {"dag_runs": [other, made, older]}
    assert api.trigger(conf) == RUN_ID
    assert [request[0] for request in stub.requests] == ["POST", "GET"]


def test_run_that_was_not_made_is_triggered_again(api: AirflowApi, stub: Stub) -> None:
    stub.answers["POST", RUNS] = (503, "")
    with pytest.raises(AirflowUnreachableError):
        api.trigger({})
    stub.answers["GET", f"{RUNS}?order_by=-run_after&limit=10"] = {"dag_runs": []}
    stub.answers["POST", RUNS] = {"dag_run_id": RUN_ID}
    assert api.trigger({}) == RUN_ID


def test_slow_answer_is_waited_for_and_refusal_is_not(
    api: AirflowApi, stub: Stub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("include.waiting.QUIET_SECONDS", 0.05)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.1)
    stub.answers["GET", RUN] = (500, '{"detail": "hidden"}')
    sleep = patience.time.sleep

    def come_back(seconds: float) -> None:
        sleep(seconds)
        stub.answers["GET", RUN] = {"state": "running"}

    monkeypatch.setattr(patience.time, "sleep", come_back)
    assert patiently(api.run_state, RUN_ID) == "running"
    assert "Waiting for Airflow to answer" in caplog.text
    stub.answers["GET", RUN] = (404, '{"detail": "no such run"}')
    with pytest.raises(AirflowApiError, match="no such run"):
        patiently(api.run_state, RUN_ID)


def test_patience_begins_with_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0)
    answers = iter([AirflowUnreachableError("Read timed out"), "parsed"])

    def wait_long() -> str:
        patience.time.sleep(0.6)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patiently(wait_long) == "parsed"


def test_unfinished_run_is_given_up(api: AirflowApi, stub: Stub) -> None:
    found = {"dag_runs": [{"dag_run_id": RUN_ID}]}
    stub.answers["GET", f"{RUNS}?state=queued&state=running&order_by=run_after"] = found
    stub.answers["PATCH", RUN] = {"state": "failed"}
    assert api.unfinished_runs() == found["dag_runs"]
    api.give_up(RUN_ID)
    assert stub.requests[-1][:3] == ("PATCH", RUN, {"state": "failed"})
