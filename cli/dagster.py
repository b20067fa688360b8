"""`make dagster`: Dagster's UI and daemon on the embedded databases, until Ctrl-C.

Data flow: .env -> databases -> the environment of `dagster dev`, which runs assets, schedule and sensor.
"""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cli import LOCAL
from cli.airflow import SETTINGS
from cli.ports import port_of
from cli.serving import answers, kept_up, serve
from include.dbt import NO_LOGIN, run_dbt
from include.embedded.processes import (
    end_all,
    of_session,
    remember,
    spawn,
    stop_process,
    wait_for_answer,
)
from include.embedded.watch import Part
from include.environment import ROOT, pipeline_variables
from include.inherited import inherited

DAGSTER = ROOT / ".venv-dagster" / "bin" / "dagster"
INSTANCE = ROOT / "dagster_project" / "dagster.yaml"
REMEDY = "Start the command again: what ran is kept."


def serve_dagster() -> None:
    """Serve the UI until the command is interrupted."""
    serve("make dagster", "Dagster", REMEDY, partial(dagster, LOCAL), page="/asset-groups")


@contextmanager
def dagster(home: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run it during the block, and watch it; yield the UI's URL. It is started again once.

    Raises EmbeddedServerError when it does not start, PartDiedError when it is gone for good.
    """
    port = port_of(env, "DAGSTER_PORT")
    served = Part("Dagster", home / "dagster.pid", home / "dagster.log", partial(_start, home, env, port))
    with kept_up("Dagster", served, REMEDY, partial(stop, home)):
        yield f"http://127.0.0.1:{port}"


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
    ready = partial(answers, f"http://127.0.0.1:{port}/server_info")
    wait_for_answer(ready, process, "Dagster", home / "dagster.log")
