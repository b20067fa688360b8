"""A process that a command depends on dies: it is named and started again once, then the command ends."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from include import embedded
from include.embedded import mongo, watch
from include.embedded.processes import (
    has_ended,
    how_it_ended,
    is_running,
    pid_of,
    remember,
    spawn,
    stop_process,
)
from include.embedded.watch import Part, PartDiedError, watched
from include.errors import EmbeddedServerError
from tests.integration.embedded.servers import catalogue, new_home, note, notes, pids

NAMED_SECONDS = 5
# Prints the id of a process that has ended, and does not reap it.
NEGLIGENT = """
import subprocess, time
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Start a process that is recorded in server.pid, with a log."""
    log = tmp_path / "server.log"

    def start() -> None:
        remember(tmp_path / "server.pid", spawn(["sh", "-c", "echo serving; exec sleep 600"], log), 1)
        deadline = time.monotonic() + 10
        while "serving" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)

    yield start
    stop_process(tmp_path / "server.pid")


def part(folder: Path, restart: Callable[[], None] | None) -> Part:
    return Part("The server", folder / "server.pid", folder / "server.log", restart)


def run(command: Callable[[], None], *parts: Part) -> None:
    with watched(parts, "Start again."):
        command()


def kill(pid_file: Path) -> int:
    number = pid_of(pid_file)
    psutil.Process(number).kill()
    return number


def wait_for(what: Callable[[], bool], seconds: float = NAMED_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_died_is_named_with_its_log_and_runs_again(start, tmp_path, caplog):
    start()
    with watched([part(tmp_path, start)], "Start again."):
        dead = kill(tmp_path / "server.pid")
        wait_for(lambda: "then the run goes on" in caplog.text)
        wait_for(lambda: is_running(tmp_path / "server.pid"))
        assert pid_of(tmp_path / "server.pid") != dead
    assert f"The server stopped (SIGKILL). End of {tmp_path / 'server.log'}:\nserving\n" in caplog.text
    # It was reaped.
    assert not psutil.pid_exists(dead)


def test_what_dies_twice_ends_the_command_whatever_it_waits_for(start, tmp_path):
    def command() -> None:
        dead = kill(tmp_path / "server.pid")
        wait_for(lambda: is_running(tmp_path / "server.pid") and pid_of(tmp_path / "server.pid") != dead)
        kill(tmp_path / "server.pid")
        time.sleep(60)

    start()
    began = time.monotonic()
    with pytest.raises(PartDiedError) as died:
        run(command, part(tmp_path, start))
    assert time.monotonic() - began < 3 * NAMED_SECONDS
    said = str(died.value)
    assert said.startswith("The server stopped (SIGKILL). End of ")
    assert said.endswith("\nThe server is gone. It had been started again once. Start again.")


def test_what_cannot_be_started_again_ends_the_command(start, tmp_path):
    def fail() -> None:
        raise EmbeddedServerError("no room")

    def command() -> None:
        kill(tmp_path / "server.pid")
        time.sleep(60)

    start()
    with pytest.raises(PartDiedError, match="cannot be started again: no room\nStart again"):
        run(command, part(tmp_path, fail))


def test_error_that_follows_from_a_death_is_told_by_its_cause(start, tmp_path):
    def command() -> None:
        kill(tmp_path / "server.pid")
        wait_for(lambda: not is_running(tmp_path / "server.pid"))
        raise ValueError("connection lost")

    start()
    with pytest.raises(PartDiedError, match="The server is gone"):
        run(command, part(tmp_path, start))


def test_errors_and_interrupts_of_the_command_itself_are_its_own(start, tmp_path):
    start()
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), watched([part(tmp_path, None)], "Start again."):
            raise error


def test_what_a_signal_stopped_is_named_with_what_continues_it(start, tmp_path, caplog):
    start()
    server = psutil.Process(pid_of(tmp_path / "server.pid"))
    with watched([part(tmp_path, start)], "Start again."):
        server.suspend()
        wait_for(lambda: f"The server stands still: `kill -CONT {server.pid}` lets it go on." in caplog.text)
        server.resume()
    # It is not dead: nothing was started beside it.
    assert pid_of(tmp_path / "server.pid") == server.pid


def test_what_a_signal_stopped_still_ends_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("include.embedded.processes.STOP_SECONDS", 5)
    script = "trap 'echo ended; exit' TERM; echo serving; while :; do sleep 0.1; done"
    remember(tmp_path / "server.pid", spawn(["sh", "-c", script], tmp_path / "server.log"), 1)
    wait_for(lambda: (tmp_path / "server.log").read_text() == "serving\n")
    psutil.Process(pid_of(tmp_path / "server.pid")).suspend()
    stop_process(tmp_path / "server.pid")
    assert (tmp_path / "server.log").read_text() == "serving\nended\n"


def test_record_of_what_is_started_again_can_be_read_at_any_moment(start, tmp_path):
    start()
    server, looks = spawn(["sleep", "600"], tmp_path / "other.log"), []
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            looks.append(is_running(tmp_path / "server.pid"))

    looker = threading.Thread(target=look)
    looker.start()
    first = pid_of(tmp_path / "server.pid")
    for _ in range(2_000):
        remember(tmp_path / "server.pid", server, 1)
    ended.set()
    looker.join()
    psutil.Process(first).kill()
    assert False not in looks


def test_databases_that_are_killed_come_back_where_they_were_with_what_they_held(caplog, monkeypatch):
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.5)
    home = new_home()
    try:
        env = embedded.start(home, home.parent / ".env")
        note(env, "before the kill")
        before = pids(home)
        with watched(embedded.parts(home, env), "Start again."):
            for server in before:
                kill(home / f"{server}.pid")
            wait_for(lambda: caplog.text.count("then the run goes on") == 2, 60)
            wait_for(lambda: not set(pids(home).values()) & set(before.values()), 60)
        assert notes(env) == (["before the kill"], ["before the kill"])
        assert "PostgreSQL stopped (SIGKILL)" in caplog.text
        assert "MongoDB stopped (SIGKILL)" in caplog.text
    finally:
        embedded.reset(home)
        shutil.rmtree(home.parent)


def test_killed_mongodb_keeps_what_it_acknowledged():
    home = new_home()
    try:
        env = embedded.start(home, home.parent / ".env")
        with catalogue(env) as client:
            for number in range(100):
                client[env["MONGO_DB"]].notes.insert_one({"_id": number})
            kill(home / "mongo.pid")
        wait_for(lambda: not is_running(home / "mongo.pid"))
        mongo.restart(home)
        with catalogue(env) as client:
            assert client[env["MONGO_DB"]].notes.count_documents({}) == 100
    finally:
        embedded.reset(home)
        shutil.rmtree(home.parent)


def test_zombie_of_another_process_counts_as_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("include.embedded.processes.STOP_SECONDS", 2)
    with subprocess.Popen([sys.executable, "-c", NEGLIGENT], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        pid_file = tmp_path / "server.pid"
        pid_file.write_text(f"{child.pid} {child.create_time()} 1 {pid_file.resolve()}\n")
        assert is_running(pid_file)
        began = time.monotonic()
        stop_process(pid_file)
        assert child.status() == psutil.STATUS_ZOMBIE
        assert time.monotonic() - began < 1.5
        parent.kill()


def test_what_a_killed_process_left_behind_is_stopped_with_it(tmp_path):
    leader = spawn(["sh", "-c", "sleep 600 & echo $!; wait"], tmp_path / "server.log")
    remember(tmp_path / "server.pid", leader, 1)
    wait_for(lambda: (tmp_path / "server.log").read_text().endswith("\n"))
    left = psutil.Process(int((tmp_path / "server.log").read_text()))
    leader.kill()
    wait_for(lambda: how_it_ended(tmp_path / "server.pid") == " (SIGKILL)")
    assert left.is_running()
    stop_process(tmp_path / "server.pid")
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_children_of_the_server_that_a_folder_was_copied_from_are_left_alone(tmp_path):
    leader = spawn(["sh", "-c", "sleep 600 & wait"], tmp_path / "server.log")
    remember(tmp_path / "server.pid", leader, 1)
    wait_for(lambda: psutil.Process(leader.pid).children() != [])
    child = psutil.Process(leader.pid).children()[0]
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "server.pid", tmp_path / "copy")
    stop_process(tmp_path / "copy" / "server.pid")
    assert child.is_running()
    stop_process(tmp_path / "server.pid")
    wait_for(lambda: has_ended(child))
