"""Kill a part of a run of the pipeline, and compare what Airflow shows of dbt's nodes with dbt's results.

Data flow: a seeded plan (what to kill, when, whether a model fails) -> a run with a full refresh -> SIGKILL
-> the end of the run -> states of the nodes' tasks over REST | run_results.json in dbt's target folder.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.airflow_api import AirflowApi
from cli.patience import patiently
from include.embedded.postgres import connect_as_admin
from include.embedded.processes import pid_of
from include.nodes import is_node, nodes, task_id
from include.ops.dbt_runs import read_results
from include.parameters import FULL_REFRESH

VICTIMS = ("dbt", "worker", "scheduler")
# From the moment in which dbt's task begins; a run of the smallest size ends after some 20 s.
LATEST_SECONDS = 20.0
PATIENCE_SECONDS = 600
PLANT = """
create or replace function ops.refuse() returns event_trigger language plpgsql as $$ begin
    if exists (
        select 1 from pg_event_trigger_ddl_commands() where object_identity like '%dim_devices%'
    ) then raise exception 'planted'; end if;
end $$;
create event trigger planted on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS')
execute function ops.refuse()
"""


@dataclass(frozen=True)
class Kill:
    """What dies, how many seconds after dbt's task began, and whether one of the models fails as well."""

    victim: str
    seconds: float
    with_failure: bool


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and the nodes that Airflow shows otherwise than dbt: task -> (shown, by dbt)."""

    run_state: str
    killed: bool
    states: Mapping[str, str]
    wrong: Mapping[str, tuple[str | None, str]]

    @property
    def false_greens(self) -> list[str]:
        return [task for task, (shown, _) in self.wrong.items() if shown == "success"]

    @property
    def is_true(self) -> bool:
        """Whether all is as dbt says, and the run is green only where every node is good."""
        is_good = set(self.states.values()) == {"success"}
        return not self.wrong and (self.run_state != "success" or is_good)


def plans(seed: int, number: int) -> Iterator[Kill]:
    """Return so many kills, the same ones for the same seed; each victim equally often."""
    chance = random.Random(seed)
    for index in range(number):
        seconds = chance.uniform(0, LATEST_SECONDS)
        yield Kill(VICTIMS[index % len(VICTIMS)], seconds, chance.random() < 1 / 3)


def kill_in_a_run(api: AirflowApi, env: Mapping[str, str], home: Path, kill: Kill) -> Outcome:
    """Run the pipeline, kill in it, and wait for its end. Raises RuntimeError where dbt never began."""
    with planted(env) if kill.with_failure else nullcontext():
        run_id = patiently(api.trigger, {"as_of": "2024-09-01", "mode": FULL_REFRESH})
        _wait(api, run_id, lambda: _state(api, run_id, "transform_with_dbt") == "running")
        if patiently(api.run_state, run_id) != "running":
            raise RuntimeError(f"Run {run_id} ended before dbt began: there was nothing to kill")
        time.sleep(kill.seconds)
        killed = _kill(home, kill.victim)
        _wait(api, run_id, lambda: False)
    return _compared(api, run_id, home, killed)


def _compared(api: AirflowApi, run_id: str, home: Path, killed: bool) -> Outcome:
    """Compare the states of the nodes' tasks with dbt's results; without a result a node was not run."""
    results = {task_id(each.unique_id): each for each in read_results(home / "dbt" / "target", run_id)}
    tasks = [task_id(unique_id) for unique_ids in nodes().values() for unique_id in unique_ids]
    told = {task: results[task].state if task in results else "skipped" for task in tasks}
    found = patiently(api.instances, run_id)
    shown = {task["task_id"]: task["state"] for task in found if is_node(task["task_id"])}
    wrong = {task: (shown.get(task), told[task]) for task in told if shown.get(task) != told[task]}
    return Outcome(patiently(api.run_state, run_id), killed, told, wrong)


def _kill(home: Path, victim: str) -> bool:
    """Kill what is there of the victim; tell whether there was one."""
    scheduler = psutil.Process(pid_of(home / "airflow" / "scheduler.pid"))
    found = [scheduler]
    if victim == "dbt":
        found = [each for each in _below(scheduler) if "dbt.cli.main" in " ".join(each[1][:4])]
        found = [process for process, line in found if "python" in line[0]]
    elif victim == "worker":
        found = [process for process, line in _below(scheduler) if _is_at_work(line)]
    with suppress(psutil.Error):
        for process in found[:1]:
            process.kill()
    return bool(found)


def _below(process: psutil.Process) -> Iterator[tuple[psutil.Process, list[str]]]:
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            yield child, child.cmdline() or [""]


def _is_at_work(line: list[str]) -> bool:
    return line[0].startswith("airflow worker -- ") and "<idle>" not in line[0]


def _state(api: AirflowApi, run_id: str, task: str) -> str | None:
    return {each["task_id"]: each["state"] for each in patiently(api.task_instances, run_id)}.get(task)


def _wait(api: AirflowApi, run_id: str, is_enough: Callable[[], bool]) -> None:
    """Wait until the run has ended, or enough of it. Raises TimeoutError after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while patiently(api.run_state, run_id) not in {"success", "failed"} and not is_enough():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Run {run_id} does not end")
        time.sleep(0.3)


@contextmanager
def planted(env: Mapping[str, str]) -> Iterator[None]:
    """Let the model dim_devices fail during the block."""
    with closing(connect_as_admin(env, int(env["WAREHOUSE_PORT"]), env["WAREHOUSE_DB"])) as warehouse:
        warehouse.autocommit = True
        warehouse.cursor().execute(PLANT)
        try:
            yield
        finally:
            warehouse.cursor().execute("drop event trigger planted")
