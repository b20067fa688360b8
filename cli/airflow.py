"""Airflow's own components on this machine: api-server, scheduler and dag-processor.

Not `airflow standalone`: terminated, it leaves its children behind, and it takes twice as long to start.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import requests

from include.dbt import clean_environment
from include.embedded.processes import free_port, is_running, remember, spawn, stop_process
from include.environment import ROOT, connections, write_ui_password

BIN = Path(sys.executable).parent
# Stopping goes from left to right: a worker that outlives the api-server would keep retrying it.
COMPONENTS = ("scheduler", "dag-processor", "api-server")
START_SECONDS = 180


class AirflowError(RuntimeError):
    """Airflow did not start; the message names the log to read."""


def environment(home: Path, env: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the environment of the components: connections, ports of their own, no example DAGs."""
    airflow = home / "airflow"
    url = f"http://127.0.0.1:{port}"
    settings = {
        name: value for name, value in env.items() if name.startswith(("GENERATE_", "MAX_", "SOURCES"))
    }
    return {
        # Of the caller's shell, these would change what the components do.
        **clean_environment("AIRFLOW_", "DBT_"),
        **settings,
        **connections(env),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PIPELINE_SCHEDULE": "",
        "DATA_ROOT": str(ROOT / "data"),
        # Not by PATH: with a socket as its input bash may read ~/.bashrc, and that may change it.
        "DBT_PYTHON": sys.executable,
        "DBT_TARGET_PATH": str(home / "dbt" / "target"),
        "DBT_LOG_PATH": str(home / "dbt" / "logs"),
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow / "passwords.json"),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


@contextmanager
def components(home: Path, env: Mapping[str, str], port: int) -> Iterator[str]:
    """Run the components for as long as the block; yield the URL of the api-server."""
    airflow = home / "airflow"
    airflow.mkdir(parents=True, exist_ok=True)
    write_ui_password(airflow / "passwords.json", env["AIRFLOW_UI_PASSWORD"])
    variables = environment(home, env, port)
    _migrate(airflow, variables)
    try:
        for component in reversed(COMPONENTS):
            process = spawn([BIN / "airflow", component], airflow / f"{component}.log", env=variables)
            remember(airflow / f"{component}.pid", process, port)
        _wait_until_healthy(airflow, variables["AIRFLOW__API__BASE_URL"])
        yield variables["AIRFLOW__API__BASE_URL"]
    finally:
        stop(home)


def stop(home: Path) -> None:
    """Stop the components, also those that an interrupted command left behind."""
    for component in COMPONENTS:
        stop_process(home / "airflow" / f"{component}.pid", signal.SIGTERM)


def _migrate(airflow: Path, variables: Mapping[str, str]) -> None:
    """Migrate Airflow's database once for each version: it takes seconds even when there is nothing to do."""
    marker = airflow / f"migrated-{version('apache-airflow')}"
    if marker.exists():
        return
    log_file = airflow / "migrate.log"
    with log_file.open("wb") as output:
        command = [BIN / "airflow", "db", "migrate"]
        done = subprocess.run(command, env=variables, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise AirflowError(f"`airflow db migrate` failed, see {log_file}")
    marker.touch()


def _wait_until_healthy(airflow: Path, url: str) -> None:
    """Wait START_SECONDS at most. Raises AirflowError then, or when a component ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(url):
        for component in COMPONENTS:
            if not is_running(airflow / f"{component}.pid"):
                raise AirflowError(f"Airflow's {component} stopped, see {airflow / component}.log")
        if time.monotonic() > deadline:
            raise AirflowError(f"Airflow is not healthy after {START_SECONDS} s, see {airflow}/*.log")
        time.sleep(0.25)


def _is_healthy(url: str) -> bool:
    """Whether the api-server answers, and calls everything healthy that a run needs."""
    try:
        health = requests.get(f"{url}/api/v2/monitor/health", timeout=5).json()
    except (requests.RequestException, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))
