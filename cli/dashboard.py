"""`make dashboard`: the star's pages on the embedded databases, until Ctrl-C; `make export`: as files."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cli import LOCAL
from cli.ports import port_of
from cli.serving import answers, kept_up, serve
from cli.warehouse import this_place
from include.embedded.processes import remember, spawn, stop_process, wait_for_answer
from include.embedded.watch import Part
from include.environment import ROOT
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.logins import find_login

READER = find_login("WAREHOUSE", "bi_reader")
SETTINGS = ("WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DB", READER.secret)
MODULE = (sys.executable, "-m", "dashboard")
REMEDY = "Start the command again: the data are as they were."


def serve_dashboard() -> None:
    """Serve the pages until the command is interrupted."""
    serve("make dashboard", "Dashboard", REMEDY, partial(dashboard, LOCAL))


@contextmanager
def dashboard(home: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run the dashboard during the block, and watch it; yield its URL. It is started again once.

    Raises EmbeddedServerError when it does not start, PartDiedError when it is gone for good.
    """
    port = port_of(env, "DASHBOARD_PORT")
    served = part(home, partial(_start, home, env, port))
    with kept_up("the dashboard", served, REMEDY, partial(stop, home)):
        yield f"http://127.0.0.1:{port}"


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
    try:
        healthy = partial(answers, f"http://127.0.0.1:{port}/health")
        wait_for_answer(healthy, process, "The dashboard", log_file)
    except EmbeddedServerError:
        stop(home)
        raise
