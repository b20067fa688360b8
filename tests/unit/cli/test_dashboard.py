"""`make dashboard`: what its process is told, and how its start and end are seen. It is played here."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from cli import dashboard as command
from cli.dashboard import dashboard, environment
from include.embedded.processes import free_port, is_running, pid_of
from include.embedded.watch import PartDiedError
from include.env_file import SECRETS
from include.errors import EmbeddedServerError

# Answers every address with what the process was told.
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
HTTPServer(("127.0.0.1", int(os.environ["DASHBOARD_PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def settings(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Settings with a free port, and the server above in the dashboard's place."""
    monkeypatch.setattr(command, "MODULE", (sys.executable, "-c", SERVER))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield env | {"DASHBOARD_PORT": str(free_port())}
    signal.signal(signal.SIGINT, before)


def kill(pid_file: Path) -> None:
    process = psutil.Process(pid_of(pid_file))
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def test_process_is_told_where_the_warehouse_is_and_one_password(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", settings["POSTGRES_PASSWORD"])
    with dashboard(tmp_path, settings) as url:
        told = requests.get(url, timeout=10).json()
    assert url == f"http://127.0.0.1:{settings['DASHBOARD_PORT']}"
    names = {"WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DB", "BI_READER_PASSWORD", "DASHBOARD_PORT"}
    assert {name: told[name] for name in names} == {name: settings[name] for name in names}
    assert {name for name in told if name.endswith(SECRETS)} == {"BI_READER_PASSWORD"}
    others = {value for name, value in settings.items() if name.endswith(SECRETS)} - set(told.values())
    assert len(others) >= 12


def test_export_is_told_no_other_password(settings: dict[str, str]) -> None:
    assert {name for name in environment(settings) if name.endswith(SECRETS)} == {"BI_READER_PASSWORD"}


def test_nothing_runs_after_the_block(settings: dict[str, str], tmp_path: Path) -> None:
    with dashboard(tmp_path, settings):
        process = psutil.Process(pid_of(tmp_path / "dashboard.pid"))
        assert is_running(tmp_path / "dashboard.pid")
    assert not process.is_running()
    assert not (tmp_path / "dashboard.pid").exists()


def kill_twice(home: Path, settings: dict[str, str]) -> None:
    """Run the dashboard, kill it, wait until its address answers again, and kill it once more."""
    with dashboard(home, settings) as url:
        kill(home / "dashboard.pid")
        deadline = time.monotonic() + 20
        while not answers(url):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # The watch, which asks ten times a second, has an answer too.
        time.sleep(1)
        kill(home / "dashboard.pid")
        time.sleep(20)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.ConnectionError:
        return False


def test_one_that_dies_is_started_again_once(
    settings: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PartDiedError) as died:
        kill_twice(tmp_path, settings)
    assert "The dashboard is to be started again" in caplog.text
    assert f"The dashboard is gone. It had been started again once. {command.REMEDY}" in str(died.value)


def test_one_that_does_not_start_is_told_with_the_end_of_its_log(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "MODULE", (sys.executable, "-c", "raise SystemExit('no room')"))
    with pytest.raises(EmbeddedServerError) as refused, dashboard(tmp_path, settings):
        pytest.fail("it does not run")
    log = tmp_path / "dashboard.log"
    assert str(refused.value) == f"The dashboard did not start, see {log}. End of {log}:\nno room"
    assert not (tmp_path / "dashboard.pid").exists()
