"""A dbt whose worker was killed is ended before a second attempt begins; other programs are not."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from include.dbt import BATCH_VARIABLE, DBT
from include.inherited import inherited
from include.second_attempt import end_orphans


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen]]:
    """Return a function that starts a program which sleeps, with the arguments and the batch."""
    started = []

    def begin(*arguments: str, batch: str) -> subprocess.Popen:
        command = [sys.executable, "-c", "import time; time.sleep(60)", *arguments]
        started.append(subprocess.Popen(command, env={**inherited(), BATCH_VARIABLE: batch}))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_dbt_of_the_batch_is_ended_and_nobody_else(start: Callable[..., subprocess.Popen]) -> None:
    orphan = start(*DBT, batch="manual__1")
    others = [start(*DBT, batch="manual__2"), start("the task's own process", batch="manual__1")]
    assert end_orphans("manual__1") == 1
    assert not psutil.pid_exists(orphan.pid)
    assert [other.poll() for other in others] == [None, None]
    assert end_orphans("manual__1") == 0
