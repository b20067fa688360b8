"""Measure what it costs to show dbt's nodes in Airflow, beside a bare `dbt build` of the same star.

Data flow: servers and Airflow of its own, 200,000 sessions -> in each round: dbt alone with a full refresh;
the same by `transform_with_dbt` in a run, which ends with showing its nodes; these shown once more, alone,
while the run waits to build again. Costs are those of dbt, PostgreSQL, api-server, scheduler, and who shows.
Run by `python -m benchmarks.dbt_nodes_cost`; SIZE and ROUNDS in the environment. Prints, and adds a line to
dbt_nodes_cost_results.md.
"""

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import psutil

from benchmarks.dbt_nodes import airflow, servers
from benchmarks.measuring import add_line, asked
from benchmarks.servers import Cost, median
from cli.airflow_api import AirflowApi
from include import parameters
from include.airflow_api import AirflowSession
from include.dbt import BUILD, FULL_REFRESH, start_dbt
from include.embedded.processes import pid_of
from include.environment import pipeline_variables
from include.nodes import BUILD_TASK, show
from include.ops.dbt_runs import read_results

RESULTS = Path(__file__).with_name("dbt_nodes_cost_results.md")
IDLE_SECONDS = 20
SLOTS = 128
SERVERS = ("postgres", "airflow/api-server", "airflow/scheduler")


def bare(env: Mapping[str, str], home: Path) -> None:
    """Build the star by dbt alone."""
    settings = {
        name: text for name, text in pipeline_variables(env).items() if not name.startswith("AIRFLOW")
    }
    with start_dbt(*BUILD, FULL_REFRESH, settings=settings, work_dir=home / "bare") as dbt:
        dbt.communicate()


@contextmanager
def waiting(api: AirflowApi, run_id: str) -> Iterator[None]:
    """Clear the build of a run that has ended, and let it wait for a slot during the block."""
    _slots(api, 0)
    api.clear(run_id, [BUILD_TASK], include_downstream=True)
    yield
    _slots(api, SLOTS)
    _wait(lambda: api.run_state(run_id) == "success")


def _slots(api: AirflowApi, number: int) -> None:
    path = "/api/v2/pools/default_pool?update_mask=slots&update_mask=include_deferred"
    api.request("PATCH", path, json={"slots": number, "include_deferred": False})


@contextmanager
def cost(home: Path, idle: float = 0) -> Iterator[Cost]:
    """Measure the block, without what an idle Airflow takes: so many seconds of processors a second."""
    spent, clock, processor = Cost(), time.perf_counter(), _processor_seconds(home)
    yield spent
    spent.clock = time.perf_counter() - clock
    spent.processor = _processor_seconds(home) - processor - idle * spent.clock


def idle_rate(api: AirflowApi, home: Path, run_id: str) -> float:
    """Return what Airflow and its questioner here take when no run goes on, a second."""
    end = time.monotonic() + IDLE_SECONDS
    with cost(home) as spent:
        _wait(lambda: api.run_state(run_id) and time.monotonic() > end)
    return spent.processor / spent.clock


def main() -> None:
    """Measure in rounds; print medians."""
    size, rounds = asked("SIZE", 200_000), asked("ROUNDS", 5)
    alone, task, shown = [], [], []
    with servers({"GENERATE_SESSIONS": str(size)}) as (env, home), airflow(env, home) as api:
        first = api.trigger({"as_of": "2024-09-01", "mode": parameters.FULL_REFRESH})
        _wait(lambda: api.run_state(first) == "success")
        idle = idle_rate(api, home, first)
        for _ in range(rounds):
            with cost(home, idle) as spent:
                bare(env, home)
            alone.append(spent)
            run_id = api.trigger({"as_of": "2024-09-01", "mode": parameters.FULL_REFRESH})
            _wait(lambda run_id=run_id: _states(api, run_id).get(BUILD_TASK))
            with cost(home, idle) as spent:
                _wait(lambda run_id=run_id: _states(api, run_id)[BUILD_TASK] == "success")
            task.append(spent)
            _wait(lambda run_id=run_id: api.run_state(run_id) == "success")
            results = {each.unique_id: each for each in read_results(home / "dbt" / "target", run_id)}
            with waiting(api, run_id), cost(home, idle) as spent:
                show(AirflowSession(api.url, env["AIRFLOW_UI_PASSWORD"]), run_id, results)
            shown.append(spent)
            print(f"bare {alone[-1]}, task {task[-1]}, nodes {shown[-1]}", flush=True)
    share = median(shown).of(median(alone))
    cells = (date.today().isoformat(), f"{size:,}", *(str(median(each)) for each in (alone, task, shown)))
    add_line(RESULTS, *cells, f"{share.clock:.0%} and {share.processor:.0%}")


def _states(api: AirflowApi, run_id: str) -> dict[str, str]:
    return {each["task_id"]: each["state"] for each in api.task_instances(run_id)}


def _wait(is_so: Callable[[], object]) -> None:
    while not is_so():
        time.sleep(1)


def _processor_seconds(home: Path) -> float:
    """Return what the servers, tasks, dbt and this process have used so far, also those that ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    used = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    for name in SERVERS:
        server = psutil.Process(pid_of(home / f"{name}.pid"))
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                used += sum(process.cpu_times()[:4])
    return used


if __name__ == "__main__":
    main()
