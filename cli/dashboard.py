"""`make dashboard`: the star's pages on the embedded databases, until Ctrl-C; `make export`: as files."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import requests

from cli import LOCAL, end_cleanly_on_signals
from cli.owner import owned
from cli.ports import port_of
from cli.warehouse import this_place
from include.embedded import databases, parts
from include.embedded.processes import START_SECONDS, end_of, remember, spawn, stop_process
from include.embedded.watch import LOG_LINES, Part, watched
from include.environment import ROOT
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.logins import find_login
from include.waiting import announced, uninterrupted

READER = find_login("WAREHOUSE", "bi_reader")
SETTINGS = ("WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DB", READER.secret)
MODULE = (sys.executable, "-m", "dashboard")
REMEDY = "Start the command again: the data are as they were."
HEALTH_SECONDS = 2


def serve_dashboard() -> None:
    """Serve the pages until the command is interrupted."""
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        stack.enter_context(owned("make dashboard"))
        env = stack.enter_context(databases(LOCAL))
        stack.enter_context(watched(parts(LOCAL, env), REMEDY))
        url = stack.enter_context(dashboard(LOCAL, env))
        print(f"\nDashboard: {url}\nStop with Ctrl-C.", flush=True)
        signal.pause()
    print("\nStopped.")


@contextmanager
def dashboard(home: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run the dashboard during the block, and watch it; yield its URL. It is started again once.

    Raises EmbeddedServerError when it does not start, PartDiedError when it is gone for good.
    """
    port = port_of(env, "DASHBOARD_PORT")
    served = part(home, partial(_start, home, env, port))
    try:
        with announced("the dashboard to start"):
            served.restart()
        with watched([served], REMEDY):
            yield f"http://127.0.0.1:{port}"
    finally:
        with announced("the dashboard to stop"), uninterrupted():
            stop(home)


def part(home: Path, restart: Callable[[], None] | None = None) -> Part:
    """Return what is watched of the dashboard, with what starts it again."""
    return Part("The dashboard", home / "dashboard.pid", home / "dashboard.log", restart)


def stop(home: Path) -> None:
    """Stop the dashboard, also one that a killed command left behind."""
    stop_process(home / "dashboard.pid")


def export_dashboard(folder: Path) -> int:
    """Write the pages into the folder; return the exit code."""
    with this_place() as env:
        command = [*MODULE, "export", str(folder.absolute())]
        return subprocess.run(command, env=environment(env), cwd=ROOT, check=False).returncode


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return all that the dashboard is told: where the warehouse is, and the password of bi_reader."""
    return {**inherited(), "PYTHONPATH": str(ROOT), **{name: env[name] for name in SETTINGS}}


def _start(home: Path, env: Mapping[str, str], port: int) -> None:
    log_file = home / "dashboard.log"
    variables = {**environment(env), "DASHBOARD_PORT": str(port)}
    process = spawn([*MODULE, "serve"], log_file, env=variables)
    remember(home / "dashboard.pid", process, port)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(home)
            raise EmbeddedServerError(
                f"The dashboard did not start, see {log_file}. {end_of(log_file, LOG_LINES)}"
            )
        time.sleep(0.1)


def _answers(port: int) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=HEALTH_SECONDS).ok
    return False
