"""`make demo` whose processes are killed, and other commands of the same clone meanwhile.

Scenario: a demo whose scheduler and MongoDB are killed while others ask; then one that is killed itself.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from include.embedded.processes import is_running, pid_of
from include.inherited import inherited
from tests.project_copy import copy_of_small_size

pytestmark = pytest.mark.nightly

SERVERS = ("postgres", "mongo", "airflow/api-server", "airflow/scheduler", "airflow/dag-processor")
DEMO_SECONDS = 300


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A copy of what git tracks or would track, with small sizes in its .env."""
    copy = copy_of_small_size("streaming-killed-")
    yield copy
    _run(copy, "reset")
    shutil.rmtree(copy)


def _command(project: Path, *arguments: str) -> dict[str, object]:
    command = [sys.executable, "-u", "-m", "cli", *arguments]
    return {"args": command, "cwd": project, "env": inherited(), "text": True}


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        **_command(project, *arguments), capture_output=True, timeout=DEMO_SECONDS, check=False
    )


@contextmanager
def _demo(project: Path, log: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a demo that prints into the log; kill it at the end."""
    with (
        log.open("w") as output,
        subprocess.Popen(**_command(project, "demo", *arguments), stdout=output, stderr=output) as demo,
    ):
        try:
            yield demo
        finally:
            demo.kill()


def _wait_for(text: str, log: Path) -> str:
    deadline = time.monotonic() + DEMO_SECONDS
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    return log.read_text()


def _kill(project: Path, *servers: str) -> None:
    for server in servers:
        psutil.Process(pid_of(project / ".local" / f"{server}.pid")).kill()


def _left(project: Path) -> list[str]:
    """Return the command lines of the processes of the project's servers."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if str(project) in line or process.cwd().startswith(str(project)):
                found.append(line)
    return found


def test_demo_survives_its_scheduler_and_mongodb_and_keeps_its_clone(project, tmp_path):
    log = tmp_path / "demo.log"
    with _demo(project, log) as demo:
        _wait_for("create_postgres_tables", log)
        _kill(project, "airflow/scheduler", "mongo")
        killed = time.monotonic()
        _wait_for("MongoDB stopped (SIGKILL). End of ", log)
        assert time.monotonic() - killed < 10
        refused = [_run(project, command) for command in ("demo", "ui", "reset")]
        asked = _run(project, "sql", "select 1 as one")
        _wait_for("Took ", log)
        assert demo.wait(30) == 0, log.read_text()
    for command in refused:
        assert command.returncode == 1
        assert f"in use by `make demo` (pid {demo.pid}, since 20" in command.stderr
        assert "Traceback" not in command.stderr
    assert asked.stdout == "one\n1\n"
    said = log.read_text()
    assert "Airflow's scheduler stopped (SIGKILL). End of " in said
    assert "Readers see version 1 (as of 2024-09-01" in said
    assert re.search(r"^  fct_viewing_sessions +900$", said, re.MULTILINE)
    assert [name for name in SERVERS if is_running(project / ".local" / f"{name}.pid")] == []
    assert _left(project) == []


def test_next_demo_begins_anew_after_one_that_was_killed(project, tmp_path):
    log = tmp_path / "demo.log"
    with _demo(project, log, "--as-of", "2024-09-02") as demo:
        _wait_for("generate_source_files", log)
        demo.kill()
    left = json.loads((project / ".local" / "lock").read_text())
    assert left[:2] == ["make demo", demo.pid]
    done = _run(project, "demo", "--as-of", "2024-09-03")
    assert done.returncode == 0, done.stdout + done.stderr
    given_up, began = (
        done.stdout.index(text) for text in ("'as_of': '2024-09-02'", "of video_streaming_elt_pipeline")
    )
    assert given_up < began
    assert "was interrupted: it is given up" in done.stdout
    assert "(as of 2024-09-03" in done.stdout
    assert _left(project) == []
