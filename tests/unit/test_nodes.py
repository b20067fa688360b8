"""Showing dbt's results as states of tasks: what is sent to a server that answers from a script."""

from urllib.parse import quote

import pytest

from include import nodes
from include.airflow_api import AirflowApiError, AirflowSession
from include.errors import TransientError
from include.ops.dbt_runs import NodeResult
from tests.unit.conftest import Stub

RUN_ID = "manual__2024-09-01T06:00:00+00:00"
RUN = f"/api/v2/dags/video_streaming_elt_pipeline/dagRuns/{quote(RUN_ID, safe='')}"
MODELS = ["model.video_streaming.dim_users", "model.video_streaming.dim_dates"]
TESTS = ["test.video_streaming.unique_dim_users.0a1b2c"]
GROUP = "/taskGroupInstances/dbt_nodes."


@pytest.fixture
def api(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> AirflowSession:
    monkeypatch.setattr(nodes, "nodes", lambda: {"model": MODELS, "test": TESTS})
    stub.answers["POST", "/auth/token"] = {"access_token": "the token"}
    stub.answers["PATCH", f"{RUN}/taskInstances"] = {"update": {"success": [], "errors": []}}
    for kind in ("models", "tests"):
        stub.answers["PATCH", f"{RUN}{GROUP}{kind}"] = {}
    session = AirflowSession(stub.url, "secret")
    stub.requests.clear()
    return session


def result(unique_id: str, status: str, message: str | None = None, rows: int | None = None) -> NodeResult:
    return NodeResult("8c6d", unique_id, status, 2.314, rows, None, message, "2024-09-01T06:00:00Z")


def standing(stub: Stub, **states: str | None) -> None:
    """Let Airflow know tasks of the models in these states."""
    tasks = [{"task_id": f"dbt_nodes.models.{name}", "state": state} for name, state in states.items()]
    query = "&".join(["limit=100&offset=0&order_by=id", *(f"state={state}" for state in nodes.ANY)])
    answer = {"task_instances": tasks, "total_entries": len(tasks)}
    stub.answers["GET", f"{RUN}/taskInstances?{query}"] = answer


def sent(stub: Stub) -> list[tuple[str, object]]:
    """Return what Airflow was asked to change: the end of the address, and the states or notes."""
    found = []
    for method, path, body, _ in stub.requests:
        if method == "PATCH":
            asked = body["actions"][0]["entities"] if "actions" in body else body
            found.append((path.removeprefix(RUN), asked))
    return found


def note(task: str, text: str, **state: str) -> dict[str, object]:
    return {"task_id": f"dbt_nodes.{task}", "map_index": -1, "note": text, **state}


def test_groups_whose_nodes_are_all_good_are_marked_at_once(api: AirflowSession, stub: Stub) -> None:
    results = [result(MODELS[0], "success", "INSERT 0 5000", 5000), result(MODELS[1], "success", None, -1)]
    results.append(result(TESTS[0], "warn", "Got 1 result, configured to warn if != 0"))
    nodes.show(api, RUN_ID, {each.unique_id: each for each in results})
    notes = [
        note("models.dim_users", "2.31 s, 5,000 rows, INSERT 0 5000"),
        note("models.dim_dates", "2.31 s"),
        note("tests.unique_dim_users", "warn, 2.31 s, Got 1 result, configured to warn if != 0"),
    ]
    good, passed = {"new_state": "success"}, {"new_state": "success", "note": nodes.PASSED}
    assert sent(stub) == [(f"{GROUP}models", good), (f"{GROUP}tests", passed), ("/taskInstances", notes)]


def test_a_node_that_failed_or_was_left_out_keeps_its_group_from_being_marked_good(
    api: AirflowSession, stub: Stub
) -> None:
    standing(stub)
    results = [result(MODELS[0], "error", "Database Error"), result(TESTS[0], "skipped")]
    nodes.show(api, RUN_ID, {each.unique_id: each for each in results})
    shown = [
        note("models.dim_users", "error, 2.31 s, Database Error", new_state="failed"),
        note("models.dim_dates", "dbt did not run it", new_state="skipped"),
        note("tests.unique_dim_users", "skipped, 2.31 s", new_state="skipped"),
    ]
    assert sent(stub) == [("/taskInstances", shown)]


def test_a_second_try_leaves_what_the_first_one_marked(api: AirflowSession, stub: Stub) -> None:
    standing(stub, dim_users="failed", dim_dates="success")
    stub.answers["PATCH", f"{RUN}{GROUP}tests"] = (409, '{"detail": "already in success state"}')
    results = [result(MODELS[0], "error"), result(MODELS[1], "skipped"), result(TESTS[0], "pass")]
    nodes.show(api, RUN_ID, {each.unique_id: each for each in results})
    assert sent(stub)[-1] == (
        "/taskInstances",
        [note("models.dim_dates", "skipped, 2.31 s", new_state="skipped")],
    )


def test_refused_change_is_told(api: AirflowSession, stub: Stub) -> None:
    answer = {"update": {"success": [], "errors": [{"error": "no such task", "status_code": 404}]}}
    stub.answers["PATCH", f"{RUN}/taskInstances"] = answer
    results = [result(each, "success") for each in (*MODELS, *TESTS)]
    with pytest.raises(AirflowApiError, match="no such task"):
        nodes.show(api, RUN_ID, {each.unique_id: each for each in results})


def test_server_that_is_away_is_no_group_that_is_good_already(api: AirflowSession, stub: Stub) -> None:
    stub.answers["PATCH", f"{RUN}{GROUP}models"] = (503, "no database")
    results = [result(each, "success") for each in (*MODELS, *TESTS)]
    with pytest.raises(TransientError, match="no database"):
        nodes.show(api, RUN_ID, {each.unique_id: each for each in results})


def test_a_build_that_begins_again_clears_what_was_shown(api: AirflowSession, stub: Stub) -> None:
    path = "/api/v2/dags/video_streaming_elt_pipeline/clearTaskInstances"
    stub.answers["POST", path] = {}
    standing(stub, dim_users="success")
    nodes.forget_shown(api, RUN_ID)
    assert stub.requests[-1][2] == {
        "dry_run": False,
        "only_failed": False,
        "reset_dag_runs": False,
        "task_ids": ["dbt_nodes.models.dim_users"],
        "dag_run_id": RUN_ID,
    }


def test_where_nothing_was_shown_nothing_is_cleared(api: AirflowSession, stub: Stub) -> None:
    standing(stub)
    nodes.forget_shown(api, RUN_ID)
    assert [method for method, *_ in stub.requests] == ["GET"]
