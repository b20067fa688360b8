"""`make dagster`: Dagster's UI and daemon on the embedded databases, until Ctrl-C.

Data flow: .env -> databases -> the environment of `dagster dev`, which runs assets, schedule and sensor.
"""

import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import requests

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import SETTINGS
from cli.owner import owned
from cli.ports import port_of
from include.dbt import NO_LOGIN, run_dbt
from include.embedded import databases, parts
from include.embedded.processes import end_all, end_of, of_session, remember, spawn, stop_process
from include.embedded.watch import LOG_LINES, Part, watched
from include.environment import ROOT, pipeline_variables
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.waiting import announced, uninterrupted

DAGSTER = ROOT / ".venv-dagster" / "bin" / "dagster"
INSTANCE = ROOT / "dagster_project" / "dagster.yaml"
REMEDY = "Start the command again: what ran is kept."
# It imports Airflow and dbt, and a busy machine takes its time.
START_SECONDS = 180
HEALTH_SECONDS = 2


def serve_dagster() -> None:
    """Serve the UI until the command is interrupted."""
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        stack.enter_context(owned("make dagster"))
        env = stack.enter_context(databases(LOCAL))
        stack.enter_context(watched(parts(LOCAL, env), REMEDY))
        url = stack.enter_context(dagster(LOCAL, env))
        print(f"\nDagster: {url}/asset-groups\nStop with Ctrl-C.", flush=True)
        signal.pause()
    print("\nStopped.")


@contextmanager
def dagster(home: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run it during the block, and watch it; yield the UI's URL. It is started again once.

    Raises EmbeddedServerError when it does not start, PartDiedError when it is gone for good.
    """
    port = port_of(env, "DAGSTER_PORT")
    served = Part("Dagster", home / "dagster.pid", home / "dagster.log", partial(_start, home, env, port))
    try:
        with announced("Dagster to start"):
            served.restart()
        with watched([served], REMEDY):
            yield f"http://127.0.0.1:{port}"
    finally:
        with announced("Dagster to stop"), uninterrupted():
            stop(home)


def stop(home: Path) -> None:
    """Stop it with all that it started, also what a killed command left behind."""
    # Its processes end in order when they are asked as Ctrl-C does; a run that is at work may outlive that.
    stop_process(home / "dagster.pid", signal.SIGINT)


def environment(home: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Dagster's processes: connections, settings, and folders below `home`."""
    settings = {name: value for name, value in env.items() if name.startswith(SETTINGS)}
    return {
        **inherited(),
        **settings,
        **pipeline_variables(env),
        # The demo's databases are joined by no run that nobody asked for.
        "PIPELINE_SCHEDULE": "",
        "DATA_ROOT": str(ROOT / "data"),
        "DAGSTER_HOME": str(home / "dagster"),
        "AIRFLOW_HOME": str(home / "airflow"),
        "DBT_TARGET_PATH": str(home / "dagster" / "dbt" / "target"),
    }


def _start(home: Path, env: Mapping[str, str], port: int) -> None:
    """Tell dbt to parse, start Dagster, and wait until it answers. Raises EmbeddedServerError."""
    instance = home / "dagster"
    instance.mkdir(parents=True, exist_ok=True)
    shutil.copy(INSTANCE, instance)
    # What Dagster knows of models is what dbt wrote last.
    run_dbt("parse", settings=NO_LOGIN, work_dir=instance / "dbt")
    place = ["-h", "127.0.0.1", "-p", port, "-d", ROOT]
    command = [DAGSTER, "dev", "-m", "dagster_project.definitions", *place]
    end_all(of_session(home / "dagster.pid"))
    # Not in the project's folder: there Dagster would take over all of .env, passwords of administrators too.
    process = spawn(command, home / "dagster.log", env=environment(home, env), folder=instance)
    remember(home / "dagster.pid", process, port)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedServerError(f"Dagster did not start. {end_of(home / 'dagster.log', LOG_LINES)}")
        time.sleep(0.5)


def _answers(port: int) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/server_info", timeout=HEALTH_SECONDS).ok
    return False
