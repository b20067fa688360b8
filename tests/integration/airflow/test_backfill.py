"""Backfills on a real Airflow: staged and approved, failed, rejected; and Airflow's own, two days at once.

Scenario: each test goes on where the one before ended; the first day is published by a run.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pytest

from cli import CommandError
from cli.airflow import BIN, environment
from cli.backfill import ASKING, backfill
from cli.warehouse import connect
from include.airflow_api import DAG_ID
from include.embedded.processes import free_port
from include.errors import WarehouseInUseError
from include.ops.warehouse_claim import Claimant, claim
from include.publish import rollback
from include.transaction import transaction
from tests.integration.airflow.test_approval import VERSION, seen
from tests.running_airflow import PATIENCE_SECONDS, Airflow

pytestmark = pytest.mark.nightly

REASON = "late sessions of September"
POISON = """
create function ops.poison() returns trigger language plpgsql as $$ begin raise 'poisoned'; end $$;
create trigger poison before insert on ops.load_runs for each row
when (new.batch_id = 'backfill__2024-09-04T00:00:00+00:00') execute function ops.poison()
"""
MENDED = "drop function ops.poison() cascade"


@pytest.fixture(scope="module")
def first(airflow: Airflow) -> Airflow:
    run_id = airflow.trigger("2024-09-01")
    assert airflow.wait(run_id) == "success", airflow.states(run_id)
    return airflow


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(1)
    yield pool
    # A test that failed has left its question open.
    pool.shutdown(wait=False)


def run_backfill(airflow: Airflow, first: int, last: int, reason: str = REASON) -> int:
    """Bring these days of September 2024, as `make backfill` does."""
    days = (date(2024, 9, first), date(2024, 9, last))
    wait_until_closed(airflow)
    return backfill(airflow.api, airflow.env, days, reason, airflow.home / "airflow" / "logs")


def wait_until_closed(airflow: Airflow) -> None:
    """Wait until Airflow has closed the backfill before, which it does within a minute of its end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(
        one["completed_at"] is None
        for one in airflow.api.request("GET", f"/api/v2/backfills?dag_id={DAG_ID}")["backfills"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def asked(airflow: Airflow, command: Future, days: Sequence[str]) -> str:
    """Return the id of the run that asks, when the days are done and it asks."""
    asking = f"{ASKING}{days[0]}_{days[-1]}__"
    while not (found := [run for run in airflow.runs() if run["dag_run_id"].startswith(asking)]):
        assert not command.done(), command.result()
        time.sleep(0.5)
    for day in days:
        assert airflow.wait(f"backfill__{day}T00:00:00+00:00") == "success"
    airflow.wait_until_asked(found[0]["dag_run_id"])
    return found[0]["dag_run_id"]


def test_days_are_staged_and_seen_when_a_person_approves(first, beside, capsys):
    before = seen(first)
    command = beside.submit(run_backfill, first, 2, 3)
    asking = asked(first, command, ("2024-09-02", "2024-09-03"))
    assert seen(first) == before
    with pytest.raises(CommandError, match=f"A backfill is open: its run {ASKING}.* is running"):
        run_backfill(first, 4, 4)
    another = Claimant("another Airflow", "scheduled__2026-01-01", "there")
    with (
        connect(first.env, "elt_loader") as loader,
        transaction(loader) as cursor,
        pytest.raises(WarehouseInUseError, match=f"^{ASKING}.* it is waited for until "),
    ):
        claim(cursor, another, lambda _: True)
    first.answer(asking, "Approve")
    assert command.result(PATIENCE_SECONDS) == 0
    newest = "select version, batch_id, as_of from ops.publications order by version desc limit 1"
    assert first.query("elt_loader", newest) == [(before[2][0][0] + 1, asking, date(2024, 9, 3))]
    notes = {run["dag_run_id"]: run["note"] for run in first.runs()}
    days = [f"backfill__2024-09-0{day}T00:00:00+00:00" for day in (2, 3)]
    assert [notes[run_id] for run_id in (*days, asking)] == [REASON] * 3
    said = capsys.readouterr().out
    assert f"Backfill of 2024-09-02 to 2024-09-03, 2 runs: {REASON}" in said
    assert f"  ok       {days[1]} (2 of 2)" in said
    with connect(first.env, "dbt_transformer") as transformer:
        rollback(transformer)
        assert seen(first)[0] == before[0]
        rollback(transformer)


def test_day_that_fails_ends_the_backfill_and_readers_keep_their_star(first, capsys):
    before = seen(first)
    first.query("elt_loader", POISON)
    assert run_backfill(first, 4, 5) == 1
    states = {run["dag_run_id"]: run["state"] for run in first.runs()}
    assert states["backfill__2024-09-05T00:00:00+00:00"] == "failed"
    assert [state for run, state in states.items() if run.startswith(f"{ASKING}2024-09-04")] == ["failed"]
    said = capsys.readouterr().out
    assert "poisoned" in said
    assert "Nothing was published" in said
    assert seen(first) == before


def test_the_day_again_is_rejected_and_readers_keep_their_star_byte_for_byte(first, beside, capsys):
    before = seen(first)
    first.query("elt_loader", MENDED)
    command = beside.submit(run_backfill, first, 4, 4)
    asking = asked(first, command, ("2024-09-04",))
    first.answer(asking, "Reject")
    assert command.result(PATIENCE_SECONDS) == 1
    assert "Rejected: readers keep the star that they have" in capsys.readouterr().out
    assert seen(first) == before


def by_the_form(airflow: Airflow, days: Sequence[str], conf: dict[str, str]) -> None:
    """Create Airflow's own backfill as the form of its UI does."""
    asked = {"dag_id": DAG_ID, "max_active_runs": 2, "dag_run_conf": conf}
    span = {"from_date": f"{days[0]}T00:00:00Z", "to_date": f"{days[-1]}T00:00:00Z"}
    airflow.api.request("POST", "/api/v2/backfills", json={**asked, **span})


def by_the_command(airflow: Airflow, days: Sequence[str], conf: dict[str, str]) -> None:
    """Create Airflow's own backfill by `airflow backfill create`."""
    command = [BIN / "airflow", "backfill", "create", "--dag-id", DAG_ID, "--max-active-runs", "2"]
    command += ["--from-date", days[0], "--to-date", days[-1], "--dag-run-conf", json.dumps(conf)]
    variables = environment(airflow.home, airflow.env, free_port())
    subprocess.run(command, env=variables, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("create", "days"),
    [(by_the_form, ("2024-09-07", "2024-09-08")), (by_the_command, ("2024-09-09", "2024-09-10"))],
    ids=["form", "command"],
)
def test_days_of_airflows_own_backfill_are_published_in_their_order_though_they_begin_at_once(
    first, create, days
):
    (before,) = first.query("elt_loader", VERSION)[0]
    wait_until_closed(first)
    create(first, days, {"quality_gate": "warn"})
    runs = [f"backfill__{day}T00:00:00+00:00" for day in days]
    assert [first.wait(run_id) for run_id in runs] == ["success"] * 2
    published = "select batch_id from ops.publications where version > %s order by version"
    assert first.query("elt_loader", published, before) == [(run_id,) for run_id in runs]
