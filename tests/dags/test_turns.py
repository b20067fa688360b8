"""A run of the DAG waits while another Airflow works on the warehouse, which then waits in turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.timezone import utcnow

from dags.pipeline import turns
from include.environment import ROOT
from include.errors import WarehouseInUseError
from include.ops.warehouse_claim import Claimant, at_work, claim, release
from include.transaction import transaction

RIVAL = Claimant("another Airflow", "scheduled__2024-03-05", "rival.example")


@pytest.fixture
def rival_asks(platform) -> Callable[[], str]:
    """Return a function by which the other Airflow asks for the warehouse: nothing, or who has it."""

    def asks() -> str:
        with transaction(platform.connect("elt_loader")) as cursor:
            try:
                claim(cursor, RIVAL, lambda run_id: True)
            except WarehouseInUseError as error:
                return str(error)
            return ""

    return asks


def test_runs_of_two_airflows_never_interleave(platform, dag_environment, rival_asks, monkeypatch, caplog):
    dag_environment(platform.env)
    pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
    monkeypatch.setattr(turns, "PAUSE", timedelta(seconds=1))
    heard: list[str] = []

    @contextmanager
    def watched(*arguments: object) -> Iterator[None]:
        heard.append(rival_asks())
        with at_work(*arguments):
            heard.append(rival_asks())
            yield
        heard.append(rival_asks())

    def release_when_it_waits() -> datetime:
        with transaction(platform.connect("elt_loader")) as cursor:
            release(cursor, RIVAL)
        return utcnow()

    monkeypatch.setattr(turns.warehouse_claim, "at_work", watched)
    monkeypatch.setattr(turns, "utcnow", release_when_it_waits)
    assert rival_asks() == ""
    run = pipeline.test(logical_date=datetime(2024, 3, 5, tzinfo=UTC))
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert str(run.state) == "success", states
    waited = [line for line in caplog.messages if "This run begins when that has ended" in line]
    assert waited
    assert {line.partition(" has worked")[0] for line in waited} == {"scheduled__2024-03-05 on rival.example"}
    # Two seeds, three loads, dbt, reconciliation and publication: before, during and after each.
    assert len(heard) >= 3 * 8
    assert [said for said in heard if not said.startswith(f"{run.run_id} on ")] == []
    assert sum("at work now" in said for said in heard) >= 8
    assert rival_asks() == ""


@pytest.mark.parametrize(
    ("own", "earlier", "first"),
    [
        ("backfill", {"running": "backfill"}, "running"),
        ("backfill", {"queued": "backfill"}, None),
        ("scheduled", {"queued": "backfill"}, "queued"),
        ("manual", {"queued": "backfill"}, "queued"),
        ("scheduled", {"queued": "manual"}, None),
        ("scheduled", {}, None),
    ],
)
def test_run_waits_for_earlier_days_but_never_for_one_that_waits_for_it(own, earlier, first):
    """A backfill may go backwards, and a run that Airflow has not begun may wait for this one to end."""

    def get_previous_dagrun(state: str) -> object:
        return SimpleNamespace(run_id=state, run_type=earlier[state]) if state in earlier else None

    task = SimpleNamespace(get_previous_dagrun=get_previous_dagrun)
    assert turns._earlier_day({"ti": task, "dag_run": SimpleNamespace(run_type=own)}) == first
