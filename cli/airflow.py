"""Airflow's own components on this machine: api-server, scheduler and dag-processor.

Not `airflow standalone`: terminated, it leaves its children behind, and it takes twice as long to start.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import requests

from include import embedded
from include.embedded.processes import (
    end_all,
    end_of,
    free_port,
    is_running,
    of_session,
    remember,
    spawn,
    stop_process,
)
from include.embedded.watch import LOG_LINES, Part, names_of_stopped, said_of, watched
from include.environment import ROOT, connections, write_ui_password
from include.inherited import inherited
from include.libpq import connect
from include.waiting import announced, uninterrupted

BIN = Path(sys.executable).parent
# Stopping goes from left to right: a worker that outlives the api-server would keep retrying it.
COMPONENTS = ("scheduler", "dag-processor", "api-server")
NEEDED = {"metadatabase", "scheduler", "dag_processor"}
MIGRATION = "migrate"
START_SECONDS = 300
HEALTH_SECONDS = 4
LOGIN_SECONDS = 10
REMEDY = "Start the command again: it goes on from here. `make reset` begins without the data."
# As in Compose: a task whose worker died is found in a minute, not in five. Who watches a task, and misses
# the end of its process, waits for the next heartbeat: a second, not five.
ENDS_OF_TASKS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
# While it finds nothing to do the scheduler sleeps a second, which comes between any two tasks. To look five
# times as often costs 6 % of a processor, so only where it lives for one run.
PROMPT = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2"}
# Of .env, what tasks read as it is.
SETTINGS = (
    *("ASK_", "GENERATE_", "LAKE", "MAX_", "RUN_", "SOURCES", "SPARK_"),
    # Others of theirs are secrets.
    *("KAFKA_BOOTSTRAP_SERVERS", "STREAM_MAX_"),
)
# The first alert of a dag-processor waits for Airflow's API to be loaded, and then for its receivers.
ALERT_SECONDS = "120"
END_OF_SCHEDULER = "update job set state = 'failed' where job_type = 'SchedulerJob' and state = 'running'"


class AirflowError(RuntimeError):
    """Airflow did not start; the message names the log to read."""


def environment(home: Path, env: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the environment of the components: connections, ports of their own, no example DAGs."""
    airflow = home / "airflow"
    url = f"http://127.0.0.1:{port}"
    settings = {name: value for name, value in env.items() if name.startswith(SETTINGS)}
    return {
        **inherited(),
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
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        **ENDS_OF_TASKS,
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": ALERT_SECONDS,
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
def components(
    home: Path, env: Mapping[str, str], port: int, also: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """Run the components during the block, and watch them and the databases; yield the api-server's URL.

    `also` are settings of Airflow beside those of `environment`.
    Raises AirflowError when they do not start, PartDiedError when one is gone for good.
    """
    airflow = home / "airflow"
    airflow.mkdir(parents=True, exist_ok=True)
    write_ui_password(airflow / "passwords.json", env["AIRFLOW_UI_PASSWORD"])
    variables = {**environment(home, env, port), **also}
    url = variables["AIRFLOW__API__BASE_URL"]
    databases = embedded.parts(home, env)
    needed = [*databases, *parts(home)]
    try:
        with announced("Airflow to start", partial(names_of_stopped, needed)):
            _migrate(airflow, variables, databases)
            for component in reversed(COMPONENTS):
                _start(airflow, component, variables)
            _wait_until_healthy(needed, airflow, url)
        restarts = {name: partial(_restart, airflow, name, variables, env) for name in COMPONENTS}
        with watched([*databases, *parts(home, restarts)], REMEDY):
            yield url
    finally:
        with announced("Airflow to stop"), uninterrupted():
            stop(home)


def parts(home: Path, restarts: Mapping[str, Callable[[], None]] = MappingProxyType({})) -> list[Part]:
    """Return what is watched of Airflow, with what starts a component again."""
    airflow = home / "airflow"
    return [
        Part(f"Airflow's {name}", airflow / f"{name}.pid", airflow / f"{name}.log", restarts.get(name))
        for name in COMPONENTS
    ]


def stop(home: Path) -> None:
    """Stop the components, also those that an interrupted command left behind."""
    for name in (MIGRATION, *COMPONENTS):
        # The api-server takes seconds to end by itself, and has nothing to lose: a request is a transaction.
        how = signal.SIGKILL if name == "api-server" else signal.SIGTERM
        stop_process(home / "airflow" / f"{name}.pid", how)


def _start(airflow: Path, name: str, variables: Mapping[str, str], *command: str) -> subprocess.Popen:
    process = spawn([BIN / "airflow", *(command or (name,))], airflow / f"{name}.log", env=variables)
    remember(airflow / f"{name}.pid", process, int(variables["AIRFLOW__API__PORT"]))
    return process


def _restart(airflow: Path, component: str, variables: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Start a component that died. The tasks of a dead scheduler end with it, and run again."""
    end_all(of_session(airflow / f"{component}.pid"))
    if component == "scheduler":
        # A new scheduler takes the tasks of one that is not running, and would wait to find that out.
        login = {name: env[f"AIRFLOW_DB_{name.upper()}"] for name in ("host", "port", "password")}
        login |= {"dbname": env["AIRFLOW_DB"], "user": "airflow", "connect_timeout": LOGIN_SECONDS}
        with closing(connect(**login)) as metadata, metadata:
            metadata.cursor().execute(END_OF_SCHEDULER)
    _start(airflow, component, variables)


def _migrate(airflow: Path, variables: Mapping[str, str], databases: Sequence[Part]) -> None:
    """Migrate Airflow's database once for each version: it takes seconds even when there is nothing to do."""
    marker = airflow / f"migrated-{version('apache-airflow')}"
    if marker.exists():
        return
    # Recorded as the components are: so it is stopped, too, when this command is killed meanwhile.
    process = _start(airflow, MIGRATION, variables, "db", "migrate")
    while process.poll() is None:
        _check(databases)
        time.sleep(0.1)
    if process.returncode:
        log_file = airflow / f"{MIGRATION}.log"
        raise AirflowError(f"{end_of(log_file, LOG_LINES)}\n`airflow db migrate` failed, see {log_file}")
    (airflow / f"{MIGRATION}.pid").unlink()
    marker.touch()


def _wait_until_healthy(needed: Sequence[Part], airflow: Path, url: str) -> None:
    """Wait START_SECONDS at most. Raises AirflowError then, or when one of its processes ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(url):
        _check(needed)
        if time.monotonic() > deadline:
            raise AirflowError(f"Airflow is not healthy after {START_SECONDS} s, see {airflow}/*.log")
        time.sleep(0.25)


def _check(needed: Sequence[Part]) -> None:
    """Raise AirflowError for the first one that has ended."""
    for part in needed:
        if part.pid_file.exists() and not is_running(part.pid_file):
            raise AirflowError(f"{said_of(part)}\n{REMEDY}\n{part.name} stopped, see {part.log_file}")


def health(url: str, seconds: float = HEALTH_SECONDS) -> dict[str, str]:
    """Return the state of each part that a run needs, as the api-server has it; nothing without it."""
    try:
        found = requests.get(f"{url}/api/v2/monitor/health", timeout=seconds).json()
    except (requests.RequestException, ValueError):
        return {}
    # Another program may have the port: it says something else.
    is_airflow = isinstance(found, dict) and found.keys() >= NEEDED
    return {part: found[part]["status"] for part in NEEDED} if is_airflow else {}


def _is_healthy(url: str) -> bool:
    """Whether the api-server answers, and calls everything healthy that a run needs."""
    return set(health(url).values()) == {"healthy"}
