"""A command beside the owner of the clone: what dies is started again by the owner, or by nobody."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli import owner as module
from cli.owner import owned, supervised_beside_owner
from include.embedded import lock, watch
from include.embedded.processes import is_running, pid_of, remember, spawn, stop_process
from include.embedded.watch import PartDiedError

ENV = {"SOURCES": "existing"}


@pytest.fixture
def scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The PID file of a process that stands for the scheduler of this clone."""
    monkeypatch.setattr(module, "LOCAL", tmp_path)
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    (tmp_path / "airflow").mkdir()
    pid_file = tmp_path / "airflow" / "scheduler.pid"
    start(pid_file)
    yield pid_file
    stop_process(pid_file)
    signal.signal(signal.SIGINT, before)


def start(pid_file: Path) -> None:
    remember(pid_file, spawn(["sleep", "600"], pid_file.with_suffix(".log")), 1)


def kill(pid_file: Path) -> None:
    psutil.Process(pid_of(pid_file)).kill()


def follow(pid_file: Path, seconds: float) -> None:
    with supervised_beside_owner(ENV, "Start `make ui` again."):
        kill(pid_file)
        time.sleep(seconds)


def test_death_of_what_nobody_owns_ends_the_command(scheduler: Path) -> None:
    with pytest.raises(PartDiedError) as died:
        follow(scheduler, 30)
    said = "Airflow's scheduler cannot be started again: the command that ran it has ended\n"
    assert str(died.value) == f"{said}Start `make ui` again."


def test_owner_that_starts_it_again_lets_the_command_go_on(scheduler: Path, tmp_path: Path) -> None:
    with lock.owned(tmp_path, "make ui"):
        restart = threading.Timer(1, start, [scheduler])
        restart.start()
        follow(scheduler, 3)
    assert is_running(scheduler)


def test_new_owner_stops_what_has_none(scheduler: Path) -> None:
    with owned("make demo"):
        assert not is_running(scheduler)
        assert not scheduler.exists()
