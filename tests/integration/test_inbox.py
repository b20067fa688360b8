"""Files in the inbox start runs of a real Airflow, beside `make ui`: whole sets only, and each once.

Scenario, in a copy of the project: a set that grows, the same set again, two sets at once while Airflow dies,
and a restart of everything.
"""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.generate import ANCHOR, Size, write_files
from tests.ui import Ui, serving_ui

RUN_SECONDS = 240
# Sets of other worlds would be a question to a person: nothing is unusual here.
UNUSUAL = {"ASK_CHANGED_SHARE": "1", "ASK_SETTLED_DAYS": "40000", "ASK_ROWS_FACTOR": "1000000"}


@pytest.fixture(scope="module")
def ui() -> Iterator[Ui]:
    with serving_ui("streaming-inbox-", **UNUSUAL) as served:
        yield served


def make_set(folder: Path, seed: int) -> Path:
    write_files(folder, as_of=ANCHOR, seed=seed, size=Size(users=40, titles=8, sessions=300))
    return folder


@pytest.fixture(scope="module")
def first(ui: Ui) -> str:
    """The id of the run of a set whose largest file is written slowly."""
    made = make_set(ui.project / "made", 1)
    shutil.copy(made / "users.csv", ui.inbox)
    shutil.copy(made / "content.json", ui.inbox)
    rows = (made / "viewing_sessions.csv").read_bytes()
    part = len(rows) // 5
    with (ui.inbox / "viewing_sessions.csv").open("wb") as file:
        for start in range(0, len(rows), part):
            file.write(rows[start : start + part])
            file.flush()
            time.sleep(8)
            assert ui.runs() == []
    ui.until(ui.runs, 60)
    ui.until(lambda: ui.states() == ["success"], RUN_SECONDS)
    return ui.runs()[0]["dag_run_id"]


def test_set_that_grew_slowly_started_one_run_when_it_was_whole(ui: Ui, first: str) -> None:
    assert re.fullmatch("inbox__[0-9a-f]{32}", first)
    assert ui.log().count("is started") == 1
    copy = ui.project / "data" / "inbox" / first.removeprefix("inbox__")
    for name in ("users.csv", "viewing_sessions.csv", "content.json"):
        made = (ui.project / "made" / name).read_bytes()
        assert (copy / name).read_bytes() == (ui.inbox / name).read_bytes() == made


def test_same_set_has_no_second_run_touched_or_elsewhere_or_after_a_kill(ui: Ui, first: str) -> None:
    for path in ui.inbox.glob("*.*"):
        path.touch()
    shutil.copytree(ui.project / "made", ui.inbox / "again")
    ui.kill("inbox")
    said = [f"{place}: these files had their run already, run {first}" for place in ("inbox", "inbox/again")]
    ui.until(lambda: all(line in ui.log() for line in said), 90)
    assert ui.states() == ["success"]


@pytest.mark.nightly
def test_two_sets_at_once_have_two_runs_though_airflow_dies(ui: Ui, first: str) -> None:
    for seed in (2, 3):
        make_set(ui.inbox / f"set{seed}", seed)
    ui.kill("airflow/api-server")
    ui.until(lambda: len(ui.runs()) == 3, 120)
    ui.until(lambda: ui.states() == ["success"] * 3, 2 * RUN_SECONDS)
    places = ("inbox", "inbox/set2", "inbox/set3")
    assert {run["note"] for run in ui.runs()} == {f"Files of {place}" for place in places}


@pytest.mark.nightly
def test_restart_of_everything_starts_nothing_again(ui: Ui, first: str) -> None:
    before = ui.runs()
    ui.stop()
    (ui.project / ".local" / "inbox.log").unlink()
    ui.start()
    ui.until(lambda: ui.log().count("had their run already") == len([*ui.inbox.rglob("users.csv")]), 90)
    assert [run["dag_run_id"] for run in ui.runs()] == [run["dag_run_id"] for run in before]
