"""One owner of a folder: who has it, who works beside it, and what a reset leaves."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include import embedded
from include.embedded import lock
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
