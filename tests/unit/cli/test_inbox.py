"""The inbox: which sets of files start a run, when, how often, and what people are told of the others."""

import json
import logging
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli import CommandError, file_sets
from cli.file_sets import NAMES
from cli.inbox import start_run
from cli.inbox_watch import PATIENCE_SECONDS, QUIET_SECONDS, REPEAT_SECONDS, RETRY_SECONDS, Inbox
from include.airflow_api import DAG_ID
from tests.unit.conftest import Stub

CONTENT = {
    "users.csv": "user_id,age\nU1,20\n",
    "viewing_sessions.csv": "session_id,user_id\nS1,U1\n",
    "content.json": json.dumps({"movies": [{"title": 'a ] } \\" b'}], "series": []}),
}
STEP = 2
RUNS = f"/api/v2/dags/{DAG_ID}/dagRuns"


@dataclass
class Desk:
    """An inbox with a clock of its own, and an Airflow that takes each run once."""

    folder: Path
    copies: Path
    now: float = 1000
    runs: dict[str, str] = field(default_factory=dict)
    refusal: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.copies.mkdir()
        self.restart()

    def restart(self) -> None:
        self.inbox = Inbox(self.folder, self.copies, self._start, lambda: self.now)

    def _start(self, copy: Path, origin: str) -> bool:
        if self.refusal:
            raise CommandError(self.refusal)
        is_new = copy.name not in self.runs
        self.runs.setdefault(copy.name, origin)
        return is_new

    def put(self, *names: str, folder: str = ".", **changed: str) -> None:
        """Put files of a set into the folder, in this order."""
        (self.folder / folder).mkdir(exist_ok=True)
        for name in names or NAMES:
            (self.folder / folder / name).write_text(changed.get(name.split(".")[0], CONTENT[name]))

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look every other second."""
        for _ in range(int(seconds / STEP)):
            self.now += STEP
            self.inbox.look()


@pytest.fixture
def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Desk:
    caplog.set_level(logging.INFO)
    return Desk(tmp_path / "inbox", tmp_path / "copies")


def test_whole_set_starts_one_run_of_a_copy_within_a_minute(desk: Desk, caplog) -> None:
    desk.put()
    desk.wait(60)
    (fingerprint,) = desk.runs
    for name in NAMES:
        assert (desk.copies / fingerprint / name).read_text() == CONTENT[name]
        assert (desk.folder / name).read_text() == CONTENT[name]
    desk.wait(2 * REPEAT_SECONDS)
    assert caplog.messages == [f"inbox: run inbox__{fingerprint} is started"]


def test_files_may_come_in_any_order_and_far_apart(desk: Desk) -> None:
    names = [*NAMES]
    random.Random(1).shuffle(names)
    for name in names:
        assert not desk.runs
        desk.put(name)
        desk.wait(PATIENCE_SECONDS)
    assert len(desk.runs) == 1


def test_file_that_grows_slowly_waits_for_its_end(desk: Desk) -> None:
    desk.put("users.csv", "content.json")
    with (desk.folder / "viewing_sessions.csv").open("w") as file:
        for row in range(20):
            file.write(f"S{row},U1\n")
            file.flush()
            desk.wait(QUIET_SECONDS - STEP)
            assert not desk.runs
    desk.wait(QUIET_SECONDS + STEP)
    assert len(desk.runs) == 1


@pytest.mark.parametrize(
    ("name", "half", "said"),
    [
        ("users.csv", "user_id,age\nU1,2", "users.csv ends in the middle of a line"),
        ("users.csv", "", "users.csv is empty"),
        ("content.json", '{"movies": [{"title": "x"}', "content.json does not end"),
        ("content.json", '{"movies": [], "series": [{"title": "x]}]}', "content.json does not end"),
        ("content.json", '{"movies": []}]', "content.json does not end"),
        ("content.json", '{"movies": [{"title": "x}]}', "content.json does not end"),
    ],
)
def test_half_a_file_starts_nothing_until_its_end_comes(desk, caplog, name, half, said) -> None:
    desk.put()
    (desk.folder / name).write_text(half)
    desk.wait(PATIENCE_SECONDS - STEP)
    assert (desk.runs, caplog.messages) == ({}, [])
    desk.wait(2 * STEP)
    assert [message.startswith(f"inbox: no run starts, for {said}") for message in caplog.messages] == [True]
    desk.wait(REPEAT_SECONDS - 2 * STEP)
    assert len(caplog.messages) == 1
    desk.put(name)
    desk.wait(QUIET_SECONDS + STEP)
    assert len(desk.runs) == 1


def test_missing_file_is_named_after_a_while(desk: Desk, caplog) -> None:
    desk.put("users.csv")
    desk.wait(PATIENCE_SECONDS + STEP)
    said = "inbox: no run starts, for there is no viewing_sessions.csv, no content.json. A set is users.csv"
    assert caplog.messages[0].startswith(said)
    assert os.listdir(desk.copies) == []


def test_same_files_run_once_touched_copied_again_or_after_a_restart(desk: Desk, caplog) -> None:
    desk.put()
    desk.wait(60)
    (fingerprint,) = desk.runs
    for name in NAMES:
        (desk.folder / name).touch()
    desk.wait(60)
    desk.put(folder="again")
    desk.wait(60)
    desk.restart()
    desk.wait(60)
    assert desk.runs == {fingerprint: "inbox"}
    assert f"inbox/again: these files had their run already, run inbox__{fingerprint}" in caplog.messages
    assert os.listdir(desk.copies) == [fingerprint]


def test_two_sets_at_once_are_two_runs(desk: Desk) -> None:
    desk.put(folder="august")
    desk.put(folder="september", users="user_id,age\nU2,30\n")
    desk.put(folder=".hidden", users="user_id,age\nU3,30\n")
    desk.wait(60)
    assert sorted(desk.runs.values()) == ["inbox/august", "inbox/september"]


def test_next_set_in_the_same_place_is_not_mixed_with_the_one_before(desk: Desk) -> None:
    desk.put()
    desk.wait(60)
    new = {"users": "user_id,age\nU2,30\n", "viewing_sessions": "session_id,user_id\nS2,U2\n"}
    desk.put("users.csv", **new)
    desk.wait(60)
    desk.put("viewing_sessions.csv", **new)
    desk.wait(60)
    assert len(desk.runs) == 1
    desk.put("content.json")
    desk.wait(60)
    assert len(desk.runs) == 2


def test_one_file_that_was_mended_makes_a_set_after_a_while(desk: Desk) -> None:
    desk.put()
    desk.wait(60)
    desk.put("users.csv", users="user_id,age\nU1,21\n")
    desk.wait(PATIENCE_SECONDS + STEP)
    assert len(desk.runs) == 2


def test_file_that_changes_while_it_is_copied_is_read_anew(desk: Desk, monkeypatch) -> None:
    desk.put()
    copied = file_sets._copy_files

    def replace_meanwhile(folder: Path, target: Path) -> str:
        fingerprint = copied(folder, target)
        if not desk.runs:
            monkeypatch.setattr(file_sets, "_copy_files", copied)
            desk.put("users.csv", users="user_id,age\nU9,90\n")
        return fingerprint

    monkeypatch.setattr(file_sets, "_copy_files", replace_meanwhile)
    desk.wait(60)
    (fingerprint,) = desk.runs
    assert (desk.copies / fingerprint / "users.csv").read_text() == "user_id,age\nU9,90\n"
    assert os.listdir(desk.copies) == [fingerprint]


def test_airflow_that_is_away_is_told_sparingly_and_the_run_starts_when_it_is_back(desk, caplog) -> None:
    desk.refusal = "Airflow does not answer at http://127.0.0.1:1"
    desk.put()
    desk.wait(REPEAT_SECONDS)
    assert caplog.messages == [f"inbox: its run starts when Airflow takes it. {desk.refusal}"]
    desk.refusal = ""
    desk.wait(RETRY_SECONDS + STEP)
    assert len(desk.runs) == 1


@pytest.mark.usefixtures("as_nobody")
def test_file_that_may_not_be_read_is_named_with_what_helps(desk: Desk, caplog) -> None:
    desk.put()
    (desk.folder / "users.csv").chmod(0)
    desk.wait(REPEAT_SECONDS)
    said = "inbox: users.csv: Permission denied. To let it be read: chmod -R a+rX inbox"
    assert caplog.messages == [said]
    (desk.folder / "users.csv").chmod(0o644)
    desk.wait(60)
    assert len(desk.runs) == 1


def test_what_is_no_file_is_none(desk: Desk, caplog) -> None:
    desk.put("users.csv", "viewing_sessions.csv")
    (desk.folder / "content.json").mkdir()
    desk.wait(PATIENCE_SECONDS + STEP)
    assert "there is no content.json" in caplog.messages[0]


def test_inbox_that_is_gone_is_told_and_found_again(desk: Desk, caplog) -> None:
    desk.folder.rmdir()
    desk.wait(60)
    assert caplog.messages == ["inbox: inbox: No such file or directory"]
    desk.folder.mkdir()
    desk.put()
    desk.wait(60)
    assert len(desk.runs) == 1


def test_newest_copies_are_kept_and_those_of_runs_that_are_not_finished(tmp_path: Path) -> None:
    for age in range(10):
        (tmp_path / f"set{age}").mkdir()
        os.utime(tmp_path / f"set{age}", (1000 - age, 1000 - age))
    (tmp_path / ".alive").touch()
    file_sets.remove_old_copies(tmp_path, {str(tmp_path / "set9")})
    assert sorted(os.listdir(tmp_path)) == [".alive", *(f"set{age}" for age in (*range(7), 9))]


def test_copy_that_was_not_finished_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".123").mkdir()
    (tmp_path / "whole").mkdir()
    file_sets.remove_unfinished(tmp_path)
    assert os.listdir(tmp_path) == ["whole"]


def test_fingerprint_depends_on_where_one_file_ends(desk: Desk) -> None:
    desk.put(users="a\nb\n", viewing_sessions="c\n", folder="one")
    desk.put(users="a\n", viewing_sessions="b\nc\n", folder="two")
    desk.wait(60)
    assert len(desk.runs) == 2


@pytest.fixture
def airflow(stub: Stub) -> Stub:
    """Airflow's API, with one unfinished run."""
    stub.answers["POST", "/auth/token"] = {"access_token": "the token"}
    unfinished = [{"conf": None}, {"conf": {"data_dir": "/files"}}]
    query = "state=queued&state=running&order_by=run_after"
    stub.answers["GET", f"{RUNS}?{query}"] = {"dag_runs": unfinished}
    return stub


def test_run_is_named_for_the_files_and_says_where_they_come_from(airflow: Stub, tmp_path: Path) -> None:
    airflow.answers["POST", RUNS] = {"dag_run_id": "inbox__abc"}
    assert start_run(airflow.url, "secret", tmp_path / "abc", "inbox/september")
    assert airflow.requests[-1][2] == {
        "dag_run_id": "inbox__abc",
        "logical_date": None,
        "conf": {"data_dir": str(tmp_path / "abc")},
        "note": "Files of inbox/september",
    }


def test_second_run_of_a_name_is_refused_by_airflow(airflow: Stub, tmp_path: Path) -> None:
    airflow.answers["POST", RUNS] = (409, '{"detail": "it exists"}')
    assert not start_run(airflow.url, "secret", tmp_path / "abc", "inbox")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, ""), "Airflow does not answer at http://127.0.0.1:"),
        ((404, '{"detail": "no such DAG"}'), "Airflow answered 404 to POST .*: no such DAG"),
    ],
)
def test_refusal_is_a_sentence_that_stays_the_same(airflow: Stub, tmp_path: Path, answer, said) -> None:
    airflow.answers["POST", RUNS] = answer
    with pytest.raises(CommandError, match=said) as first:
        start_run(airflow.url, "secret", tmp_path / "abc", "inbox")
    with pytest.raises(CommandError) as again:
        start_run(airflow.url, "secret", tmp_path / "abc", "inbox")
    assert str(first.value) == str(again.value)


def test_server_that_is_not_there_is_a_sentence_that_stays_the_same(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^Airflow does not answer at http://127.0.0.1:1$"):
        start_run("http://127.0.0.1:1", "secret", tmp_path / "abc", "inbox")
