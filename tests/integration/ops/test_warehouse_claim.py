"""Two Airflows at one warehouse: one run has it, and the other is told which, whatever becomes of it."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from include.errors import WarehouseInUseError
from include.ops import warehouse_claim
from include.ops.warehouse_claim import Claimant, at_work, claim, release
from include.transaction import transaction
from tests.conftest import Platform

LAPTOP = Claimant("laptop", "scheduled__2024-09-01", "laptop.example")
# The same id of a run, in another Airflow.
SERVER = Claimant("server", "scheduled__2024-09-01", "server.example")
NEXT_DAY = Claimant("laptop", "scheduled__2024-09-02", "laptop.example")
OVER = timedelta(0)


def never(run_id: str) -> bool:
    return False


@pytest.fixture
def asks(platform: Platform) -> Callable[..., str]:
    """Return a function that asks for the warehouse; it returns nothing, or who has it."""

    def asks(claimant: Claimant, is_over: Callable[[str], bool] = never, **kept: timedelta) -> str:
        try:
            with transaction(platform.connect("elt_loader")) as cursor:
                claim(cursor, claimant, is_over, **kept)
        except WarehouseInUseError as error:
            return str(error)
        return ""

    return asks


def test_second_airflow_is_told_who_has_the_warehouse_until_it_is_released(platform, asks):
    assert asks(LAPTOP) == ""
    said = asks(SERVER)
    assert said.startswith("scheduled__2024-09-01 on laptop.example has worked on the warehouse since ")
    assert "it is waited for until " in said
    assert asks(LAPTOP) == ""
    with transaction(platform.connect("elt_loader")) as cursor:
        # Not by who does not have it.
        release(cursor, SERVER)
    assert asks(SERVER) == said
    with transaction(platform.connect("elt_loader")) as cursor:
        release(cursor, LAPTOP)
    assert asks(SERVER) == ""


def test_since_when_stays_when_a_run_claims_again(platform, asks):
    query = "select claimed_at from ops.warehouse_claim"
    asks(LAPTOP)
    since = platform.query("elt_loader", query)
    asks(LAPTOP)
    assert platform.query("elt_loader", query) == since
    asks(NEXT_DAY, lambda run_id: True)
    assert platform.query("elt_loader", query) > since


def test_task_at_work_for_hours_is_not_overtaken(platform, asks):
    with at_work(platform.connect("elt_loader"), LAPTOP, never):
        # Its other tasks are at work beside it.
        with at_work(platform.connect("elt_loader"), LAPTOP, never):
            assert asks(SERVER)
        platform.query("elt_loader", "update ops.warehouse_claim set kept_until = now() - interval '5 hours'")
        assert asks(SERVER).endswith("and a task of it is at work now")
        # Its own Airflow takes the run for ended: somebody marked it so, and the task is not yet dead.
        assert asks(NEXT_DAY, lambda run_id: True).endswith("and a task of it is at work now")
    assert asks(SERVER).startswith("scheduled__2024-09-01 on laptop.example")


def test_run_is_waited_for_between_its_tasks_and_by_another_airflow_not_longer(platform, asks):
    with at_work(platform.connect("elt_loader"), LAPTOP, never, kept=timedelta(hours=3)):
        pass
    assert "it is waited for until " in asks(SERVER)
    with at_work(platform.connect("elt_loader"), LAPTOP, never, kept=OVER):
        pass
    # Its own knows better: the run waits to be tried again, or for a refresh.
    assert asks(NEXT_DAY)
    assert asks(SERVER) == ""
    with pytest.raises(WarehouseInUseError, match=r"on server\.example has worked"):
        at_work(platform.connect("elt_loader"), LAPTOP, never).__enter__()


def test_run_that_its_own_airflow_knows_to_be_over_is_not_waited_for(asks):
    asks(LAPTOP, kept=timedelta(hours=24))
    asked = []
    assert asks(NEXT_DAY, lambda run_id: asked.append(run_id) or True) == ""
    assert asked == ["scheduled__2024-09-01"]
    # Another Airflow cannot know it.
    assert asks(SERVER, lambda run_id: True)


def test_task_that_outlived_its_run_is_waited_for(platform, asks):
    with at_work(platform.connect("elt_loader"), LAPTOP, never):
        with transaction(platform.connect("elt_loader")) as cursor:
            release(cursor, LAPTOP)
        assert asks(SERVER) == "A task of a run that has ended is still at work on the warehouse"
    assert asks(SERVER) == ""


KILLED = """
import sys, time
from datetime import timedelta
from include.libpq import connect
from include.ops.warehouse_claim import Claimant, at_work
with at_work(connect(dsn=sys.argv[1]), Claimant("laptop", "killed", "laptop"), lambda run_id: False):
    print("at work", flush=True)
    time.sleep(600)
"""


def test_killed_holder_is_waited_for_no_longer_than_the_gap(platform, asks, eventually):
    dsn = platform.connect("elt_loader").dsn
    password = platform.env["ELT_LOADER_PASSWORD"]
    dsn = " ".join(
        [part for part in dsn.split() if not part.startswith("password=")] + [f"password={password}"]
    )
    task = subprocess.Popen([sys.executable, "-c", KILLED, dsn], stdout=subprocess.PIPE, text=True)
    try:
        assert task.stdout.readline() == "at work\n"
        assert asks(SERVER).endswith("and a task of it is at work now")
    finally:
        task.kill()
        task.communicate()
    eventually(lambda: "it is waited for until" in asks(SERVER))
    gap = platform.query("elt_loader", "select kept_until - claimed_at from ops.warehouse_claim")
    assert gap[0][0] < warehouse_claim.GAP + timedelta(minutes=1)
    platform.query("elt_loader", "update ops.warehouse_claim set kept_until = now()")
    assert asks(SERVER) == ""


def test_error_of_the_work_is_the_one_that_is_told(platform):
    lost = platform.connect("elt_loader")

    def work() -> None:
        with at_work(lost, LAPTOP, never):
            lost.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_command_that_ended_is_not_waited_for_by_anybody(platform, asks):
    replay = [Claimant("make replay", f"replay__{number}", "laptop.example") for number in (1, 2)]
    for claimant in replay:
        with at_work(platform.connect("elt_loader"), claimant, lambda run_id: True, OVER):
            assert asks(SERVER).startswith(f"{claimant.run_id} on laptop.example")
    assert asks(SERVER) == ""
