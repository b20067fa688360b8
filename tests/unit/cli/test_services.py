"""What `make status` says of what runs on this machine, of real processes and a real answer over HTTP."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.services import NOTHING, print_services
from include.embedded import lock
from include.embedded.processes import pid_of, remember, spawn, stop_process
from tests.unit.conftest import Stub

HEALTH = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "dag_processor")}
NAMES = ("postgres", "mongo", "dashboard", "airflow/api-server", "airflow/scheduler", "airflow/dag-processor")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str, int], Path]]:
    """Return a function that lets a process run as a service, with its port."""
    (tmp_path / "airflow").mkdir()

    def start(name: str, port: int) -> Path:
        process = spawn([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
        remember(tmp_path / f"{name}.pid", process, port)
        return tmp_path / f"{name}.pid"

    yield start
    for name in NAMES:
        stop_process(tmp_path / f"{name}.pid")


def test_where_nothing_runs_it_says_how_to_start(tmp_path, capsys):
    print_services(tmp_path)
    assert capsys.readouterr().out == f"{NOTHING}\n"
    assert len(NOTHING) <= 100


def test_each_service_has_its_state_and_its_address(start, stub: Stub, tmp_path, capsys):
    port = int(stub.url.rpartition(":")[2])
    stub.answers["GET", "/api/v2/monitor/health"] = HEALTH | {"scheduler": {"status": "unhealthy"}}
    for name, its in zip(NAMES, (5, 0, 7, port, port, port), strict=True):
        if its:
            start(name, its)
    stopped = psutil.Process(pid_of(tmp_path / "airflow" / "dag-processor.pid"))
    stopped.send_signal(signal.SIGSTOP)
    while stopped.status() != psutil.STATUS_STOPPED:
        pass
    with lock.owned(tmp_path, "make ui"):
        print_services(tmp_path)
    title, *lines = capsys.readouterr().out.splitlines()
    assert title.startswith("Services, of `make ui` (pid ")
    assert [" ".join(line.split()) for line in lines] == [
        "PostgreSQL up 127.0.0.1:5",
        "MongoDB down",
        "Airflow's scheduler up unhealthy",
        "Airflow's dag-processor stands still",
        f"Airflow's api-server up {stub.url}",
        "The dashboard up http://127.0.0.1:7",
    ]


def test_services_are_told_while_the_api_server_does_not_answer(start, tmp_path, capsys):
    start("airflow/api-server", 1)
    start("airflow/scheduler", 1)
    print_services(tmp_path)
    assert "Airflow's scheduler       up" in capsys.readouterr().out
