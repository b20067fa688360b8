"""One owner of a folder: who has it, who works beside it, and what a reset leaves."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from include import embedded
from include.embedded import lock
from include.embedded.processes import remember, spawn, stop_process
from include.environment import ROOT
from tests.integration.embedded.servers import new_home

# Owns the folder until it is killed.
OWNER = """
import sys, time
from pathlib import Path
from include.embedded.lock import owned
with owned(Path(sys.argv[1]), "make ui"):
    print("owned", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path):
    """Another process that owns tmp_path."""
    command = [sys.executable, "-c", OWNER, tmp_path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "owned\n"
        yield process
        process.kill()


# Reads for a while.
READER = """
import sys, time
from pathlib import Path
from include.embedded import databases
from include.libpq import connect
with databases(Path(sys.argv[1]), Path(sys.argv[1]).parent / ".env") as env:
    print(env["WAREHOUSE_PORT"], flush=True)
    sys.stdin.readline()
    connect(host="127.0.0.1", port=env["WAREHOUSE_PORT"], dbname="postgres", user="postgres",
            password=env["POSTGRES_PASSWORD"]).close()
"""


def read(home: Path) -> None:
    with embedded.databases(home, home / ".env"):
        pytest.fail("there are no servers that last")


def own(home: Path) -> None:
    with lock.owned(home, "make demo"):
        assert lock.is_mine(home)
    assert not lock.is_mine(home)


def test_second_command_says_who_has_the_clone_since_when_and_the_way_out(owner, tmp_path):
    with pytest.raises(lock.InUseError) as refused:
        own(tmp_path)
    said = str(refused.value)
    assert f"in use by `make ui` (pid {owner.pid}, since 20" in said
    assert "Ctrl-C" in said
    assert "make run" in said
    assert lock.owner_of(tmp_path).pid == owner.pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_lock_ends_with_its_owner(owner, tmp_path, how):
    owner.send_signal(how)
    owner.wait(10)
    assert lock.owner_of(tmp_path) is None
    own(tmp_path)


def test_whoever_asks_for_the_owner_keeps_nobody_out(tmp_path):
    own(tmp_path)
    for _ in range(20):
        assert lock.owner_of(tmp_path) is None
        own(tmp_path)


def test_servers_that_an_owner_starts_do_not_keep_its_lock(tmp_path):
    with lock.owned(tmp_path, "make demo"):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        own(tmp_path)
    finally:
        child.kill()
        child.wait()


def test_lock_of_a_folder_that_was_reset_keeps_nobody_out(tmp_path):
    home = tmp_path / "local"
    with lock.owned(home, "make reset"):
        (home / "postgres").mkdir()
        embedded.reset(home)
        own(home)


def test_reset_that_was_interrupted_is_completed_by_the_next(tmp_path):
    (tmp_path / "local" / "deleted" / "1-postgres").mkdir(parents=True)
    (tmp_path / "local" / "postgres").mkdir()
    embedded.reset(tmp_path / "local")
    assert os.listdir(tmp_path) == []


def test_reader_without_servers_of_the_owner_does_not_start_its_own(owner, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "START_SECONDS", 0.5)
    with pytest.raises(lock.InUseError, match="make ui"), embedded.databases(tmp_path, tmp_path / ".env"):
        pytest.fail("there are no servers")
    assert list(tmp_path.glob("*.pid")) == []


@pytest.fixture
def postgres(tmp_path):
    """A process that stands for the owner's PostgreSQL."""
    remember(tmp_path / "postgres.pid", spawn(["sleep", "600"], tmp_path / "postgres.log"), 5432)
    yield tmp_path / "postgres.pid"
    stop_process(tmp_path / "postgres.pid")


def test_reader_starts_nothing_beside_an_owner_that_has_stopped_a_server(owner, postgres, tmp_path):
    with pytest.raises(embedded.EmbeddedServerError) as refused:
        read(tmp_path)
    assert f"`make ui` (pid {owner.pid}, since" in str(refused.value)
    assert list(tmp_path.glob("*.pid")) == [postgres]


def test_reader_that_comes_while_the_servers_are_stopped_does_not_use_them(
    owner, postgres, tmp_path, monkeypatch
):
    monkeypatch.setattr(embedded, "START_SECONDS", 2)
    with ExitStack() as stopping:
        stopping.enter_context(lock.held(tmp_path / embedded.READERS, fcntl.LOCK_EX))

        def stop():
            stop_process(postgres)
            stopping.close()

        threading.Timer(1, stop).start()
        with pytest.raises(lock.InUseError):
            read(tmp_path)
    assert list(tmp_path.glob("*.pid")) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOLCK, "its disk has no locks: put the clone on another"),
        (errno.EOPNOTSUPP, "its disk has no locks"),
        (errno.EACCES, "take it and its folder back with chown and chmod"),
        (errno.EIO, "the data are to be kept there"),
    ],
)
def test_disk_that_gives_no_lock_is_told_with_the_way_out(tmp_path, monkeypatch, number, words):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(embedded.EmbeddedServerError) as refused:
        own(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}/lock cannot be locked ({os.strerror(number)}): ")
    assert words in str(refused.value)


def test_lock_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(embedded.EmbeddedServerError, match="lock cannot be locked"):
        own(tmp_path)


def test_data_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(embedded.EmbeddedServerError, match=f"{name} must be a folder, or not be there"):
            own(tmp_path / name)


def test_reset_keeps_a_link_to_a_folder_elsewhere(tmp_path):
    (tmp_path / "disk" / "postgres").mkdir(parents=True)
    (tmp_path / "local").symlink_to("disk")
    embedded.reset(tmp_path / "local")
    assert list((tmp_path / "disk").iterdir()) == []
    assert (tmp_path / "local").is_symlink()


def test_reset_keeps_a_folder_on_which_a_disk_is_mounted(tmp_path, monkeypatch):
    (tmp_path / "local" / "postgres").mkdir(parents=True)
    monkeypatch.setattr("pathlib.Path.is_mount", lambda folder: folder == tmp_path / "local")
    embedded.reset(tmp_path / "local")
    assert list((tmp_path / "local").iterdir()) == []


def test_two_who_only_read_share_the_servers_until_both_have_read():
    home = new_home()
    command = [sys.executable, "-c", READER, home]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        with (
            subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as first,
            subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as second,
        ):
            assert first.stdout.readline() == second.stdout.readline() != ""
            # Whoever started the servers waits for the other one.
            owner, other = (first, second) if lock.owner_of(home).pid == first.pid else (second, first)
            owner.stdin.write("\n")
            owner.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                owner.wait(1)
            assert other.communicate("\n", timeout=60) == ("", "")
            assert owner.wait(60) == other.returncode == 0
        assert list(home.glob("*.pid")) == []
    finally:
        embedded.reset(home)
        shutil.rmtree(home.parent)
