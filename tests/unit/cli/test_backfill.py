"""`make backfill`: days that cannot be brought are refused in words, before anything is asked of Airflow."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cli import CommandError
from cli import backfill as module
from cli.airflow_api import AirflowApi
from cli.backfill import ASKING, backfill
from include.airflow_api import DAG_ID, AirflowApiError
from tests.unit.conftest import Stub

RUNS = f"/api/v2/dags/{DAG_ID}/dagRuns"
DAYS = (date(2024, 9, 2), date(2024, 9, 3))
TO = ("--to", "2024-09-03")
REASON = ("--reason", "late sessions")


@pytest.fixture
def said(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch
) -> Callable[..., str]:
    """Return what a person who asked by make reads of these arguments."""
    monkeypatch.setenv("ASKED_BY_MAKE", "1")
    monkeypatch.setattr(module, "settings_here", dict)

    def say(*arguments: str) -> str:
        with suppress(SystemExit):
            assert run_command("backfill", *arguments) == 1
        return capsys.readouterr().err

    return say


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*TO, *REASON), "FROM: is missing: make backfill FROM=...\n"),
        (("--from", "2024-09-02", *REASON), "TO: is missing: make backfill TO=...\n"),
        (("--from", "2024-09-02", *TO), "REASON: is missing: make backfill REASON=...\n"),
        (
            ("--from", "2024-09-02", *TO, "--reason", " "),
            'REASON is empty: say why, as REASON="late sessions of August"\n',
        ),
        (("--from", "September", *TO, *REASON), "FROM must be a day, as 2024-09-02, not 'September'\n"),
        (("--from", "2024-09-02", "--to", "", *REASON), "TO must be a day, as 2024-09-02, not ''\n"),
        (("--from", "2024-09-04", *TO, *REASON), "FROM=2024-09-04 is after TO=2024-09-03\n"),
        (
            ("--from", "1999-01-01", *TO, *REASON),
            "FROM must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is 1999-01-01\n",
        ),
        (
            ("--from", "2024-09-02", "--to", "2100-01-01", *REASON),
            "TO=2100-01-01 is in the future: a backfill brings days that have begun\n",
        ),
    ],
)
def test_wrong_days_are_told(said: Callable[..., str], arguments: tuple[str, ...], sentence: str) -> None:
    assert said(*arguments) == sentence


@pytest.fixture
def api(stub: Stub) -> AirflowApi:
    stub.answers["POST", "/auth/token"] = {"access_token": "the token"}
    stub.answers["GET", f"/api/v2/dags/{DAG_ID}"] = {}
    stub.answers["PATCH", f"/api/v2/dags/{DAG_ID}?update_mask=is_paused"] = {}
    stub.answers["GET", f"{RUNS}?state=queued&state=running&order_by=run_after"] = {"dag_runs": []}
    return AirflowApi(stub.url, "secret")


@pytest.mark.parametrize(
    "run_id", [f"{ASKING}2024-08-01_2024-08-31__now", "backfill__2024-08-31T00:00:00+00:00"]
)
def test_second_backfill_is_refused_while_days_or_an_answer_are_awaited(
    api: AirflowApi, stub: Stub, run_id: str
) -> None:
    kind = "backfill" if run_id.startswith("backfill") else "manual"
    run = {"dag_run_id": run_id, "run_type": kind, "state": "running"}
    stub.answers["GET", f"{RUNS}?state=queued&state=running&order_by=run_after"] = {"dag_runs": [run]}
    with pytest.raises(CommandError, match=re.escape(f"A backfill is open: its run {run_id} is running")):
        backfill(api, {}, DAYS, "why", Path("logs"))
    assert "POST" not in [method for method, *_ in stub.requests[1:]]


def test_backfill_that_airflow_refuses_for_another_is_told_in_a_sentence(api: AirflowApi, stub: Stub) -> None:
    stub.answers["POST", "/api/v2/backfills"] = (409, '{"detail": "There is already a running backfill"}')
    with pytest.raises(AirflowApiError, match=r"^Another backfill is open, and Airflow takes one at a time"):
        backfill(api, {}, DAYS, "why", Path("logs"))
    body = stub.requests[-1][2]
    assert (body["from_date"], body["to_date"]) == ("2024-09-02T00:00:00+00:00", "2024-09-03T23:59:59+00:00")
    assert (body["dag_run_conf"], body["max_active_runs"]) == ({"publish": "no"}, 1)
    assert body["reprocess_behavior"] == "completed"


def test_runs_of_a_year_are_found_page_by_page(api: AirflowApi, stub: Stub) -> None:
    first, last = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)
    midnight = "T00%3A00%3A00%2B00%3A00"
    bounds = f"logical_date_gte=2024-01-01{midnight}&logical_date_lte=2024-12-31{midnight}"
    for offset, names in ((0, ["a", "b"]), (2, ["c"])):
        page = {"dag_runs": [{"dag_run_id": name} for name in names], "total_entries": 3}
        path = f"{RUNS}?run_type=backfill&order_by=logical_date&limit=100&{bounds}&offset={offset}"
        stub.answers["GET", path] = page
    assert api.runs_of_backfill(first, last) == ["a", "b", "c"]


def test_run_that_is_there_already_is_not_made_twice(api: AirflowApi, stub: Stub) -> None:
    stub.answers["POST", RUNS] = (409, '{"detail": "DagRun already exists"}')
    assert not api.trigger_once("asks", {}, "why", datetime(2024, 9, 3, tzinfo=UTC))
    assert stub.requests[-1][2]["logical_date"] == "2024-09-03T00:00:00+00:00"
