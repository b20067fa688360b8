"""Airflow's own components on databases of their own, as `make ui` starts them."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cli.airflow import components
from cli.airflow_api import AirflowApi
from cli.patience import patiently
from cli.warehouse import connect
from include import libpq
from include.airflow_api import DAG_ID, run_path
from include.embedded import databases, reset
from include.embedded.processes import free_port
from include.environment import ensure_env

SIZES = {"GENERATE_USERS": "60", "GENERATE_TITLES": "15", "GENERATE_SESSIONS": "600"}
ENDED = {"success", "failed"}
PATIENCE_SECONDS = 180
# Airflow asks again where an answer, or its end, comes before its scheduler has heard that the task waits.
SETTLED_SECONDS = 8


@dataclass(frozen=True)
class Airflow:
    """A running Airflow and the databases that its runs work on."""

    api: AirflowApi
    env: dict[str, str]
    home: Path

    def trigger(self, as_of: str, **conf: object) -> str:
        return self.api.trigger({"as_of": as_of, "allow_mass_deletion": True, **conf})

    def wait(self, run_id: str, states: set[str] = ENDED) -> str:
        """Wait until the run has one of the states; return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (state := self.api.run_state(run_id)) not in states:
            assert time.monotonic() < deadline, self.states(run_id)
            time.sleep(0.5)
        return state

    def wait_for(self, run_id: str, task_id: str, state: str) -> dict:
        """Wait until the task has the state; return its instance."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.task(run_id, task_id))["state"] != state:
            assert time.monotonic() < deadline, self.states(run_id)
            assert self.api.run_state(run_id) not in ENDED, self.states(run_id)
            time.sleep(0.5)
        return found

    def wait_until_asked(self, run_id: str) -> None:
        """Wait until the run's question can be answered, or nobody's answer be seen."""
        self.wait_for(run_id, "approve_publication", "awaiting_input")
        time.sleep(SETTLED_SECONDS)

    def answer(self, run_id: str, option: str) -> None:
        """Answer the question of a run that has asked."""
        path = f"{run_path(run_id)}/taskInstances/approve_publication/-1/hitlDetails"
        self.api.request("PATCH", path, json={"chosen_options": [option], "params_input": {}})

    def task(self, run_id: str, task_id: str) -> dict:
        (found,) = [task for task in self.api.instances(run_id) if task["task_id"] == task_id]
        return found

    def runs(self) -> list[dict]:
        return self.api.request("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?limit=100")["dag_runs"]

    def states(self, run_id: str) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.api.task_instances(run_id)}

    def query(self, role: str, sql: str, *values: object) -> list[tuple]:
        with connect(self.env, role) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            connection.commit()
            return cursor.fetchall() if cursor.description else []

    def metadata(self, sql: str) -> None:
        """Run a statement in Airflow's own database."""
        login = {name: self.env[f"AIRFLOW_DB_{name.upper()}"] for name in ("host", "port", "password")}
        with closing(libpq.connect(**login, dbname="airflow", user="airflow")) as database, database:
            database.cursor().execute(sql)


@contextmanager
def running_airflow() -> Iterator[Airflow]:
    """Run Airflow and its databases during the block, in a folder of their own."""
    with small_databases() as (home, env), airflow_on(home, env, free_port()) as airflow:
        yield airflow


@contextmanager
def small_databases() -> Iterator[tuple[Path, dict[str, str]]]:
    """Run databases for small data during the block; yield their folder, and the settings."""
    home = Path(tempfile.mkdtemp(prefix="streaming-airflow-"))
    env_file = home / ".env"
    ensure_env(env_file)
    lines = env_file.read_text().splitlines()
    kept = [line for line in lines if line.partition("=")[0] not in SIZES]
    env_file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in SIZES.items()), ""]))
    try:
        with databases(home, env_file) as env:
            yield home, env
    finally:
        reset(home)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def airflow_on(
    home: Path, env: dict[str, str], port: int, also: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Airflow]:
    """Run Airflow on these databases during the block, with these settings beside those of `make ui`."""
    with components(home, env, port, also) as url:
        api = patiently(AirflowApi, url, env["AIRFLOW_UI_PASSWORD"])
        patiently(api.wait_for_dag)
        yield Airflow(api, env, home)
