"""Windows that Spark Structured Streaming keeps are those of Quix Streams, and what SQL counts."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from include.environment import ROOT
from include.inherited import inherited
from tests.conftest import Platform
from tests.spark.cluster import JVM, PYTHON, Cluster, started
from tests.streaming.recount import RECOUNT, STORED

STREAMING = ROOT / ".venv-streaming" / "bin" / "python"
OF_USERS = "select * from ops.viewing_windows_of_users order by window_start, user_id"
FORGET = "truncate ops.viewing_windows, ops.viewing_windows_of_users"
# The last files: an event that comes late, and one that comes too late.
LATE, TOO_LATE = "4.json", "5.json"
# Batches: after those of four files one without events, by which the watermark moves; then the last two.
QUIET, END = "4", "6"
RECOUNT_IN_TIME = RECOUNT.replace("playback_events", "playback_events where event_id <> 'late'", 1)
SECONDS = 120


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@contextmanager
def spark(platform: Platform, cluster: Cluster, folder: Path) -> Iterator[subprocess.Popen]:
    """Keep windows of the folder's messages during the block, from its checkpoint where there is one."""
    settings = {"SPARK_MASTER": cluster.master, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": str(PYTHON)}
    with (folder / "log").open("ab") as output:
        process = subprocess.Popen(
            [PYTHON, "tests/spark/keep_windows.py", folder / "messages", folder / "checkpoint"],
            env=inherited() | platform.env | settings | JVM,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            # The driver is two processes: Python and Java.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(is_true: Callable[[], bool], process: subprocess.Popen, folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_true():
        is_running = process.poll() is None and time.monotonic() < deadline
        assert is_running, (folder / "log").read_text()[-5000:]
        time.sleep(0.05)


def stream(platform: Platform, folder: Path) -> None:
    """Let Quix Streams keep windows of a day's events, and write the messages into the folder."""
    done = subprocess.run(
        [STREAMING, "-m", "tests.spark.stream_day", folder],
        env=inherited() | platform.env,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def test_windows_are_equal_after_a_kill_and_when_events_come_late(
    platform: Platform, cluster: Cluster, tmp_path: Path
):
    messages, later, commits = tmp_path / "messages", tmp_path / "later", tmp_path / "checkpoint" / "commits"
    messages.mkdir()
    later.mkdir()
    stream(platform, messages)
    (counted, in_time) = (platform.query("elt_loader", sql) for sql in (RECOUNT, RECOUNT_IN_TIME))
    stored, of_users = (platform.query("elt_loader", sql) for sql in (STORED, OF_USERS))
    assert stored == counted
    assert len(stored) > 300
    platform.query("elt_loader", FORGET)
    for name in (LATE, TOO_LATE):
        (messages / name).rename(later / name)

    with spark(platform, cluster, tmp_path) as process:
        wait_for(lambda: bool(platform.query("elt_loader", OF_USERS)), process, tmp_path)
    assert platform.query("elt_loader", OF_USERS) != of_users
    with spark(platform, cluster, tmp_path) as process:
        wait_for((commits / QUIET).exists, process, tmp_path)
        assert platform.query("elt_loader", STORED) == in_time
        for name in (LATE, TOO_LATE):
            (later / name).rename(messages / name)
        wait_for((commits / END).exists, process, tmp_path)
        assert platform.query("elt_loader", OF_USERS) == of_users
        assert platform.query("elt_loader", STORED) == counted != in_time
        process.terminate()
        assert process.wait(SECONDS) == 0
