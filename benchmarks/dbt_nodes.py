"""Kill dbt, workers and the scheduler in runs of the pipeline: does Airflow show what dbt says of its nodes?

Data flow: servers and Airflow of its own -> a run that goes well -> KILLS runs with one kill each -> counts.
Run by `python -m benchmarks.dbt_nodes`; KILLS and SEED in the environment. Prints, and adds a line to
dbt_nodes_results.md. Ends with 1 where Airflow showed something else.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from benchmarks.killing import VICTIMS, Kill, Outcome, kill_in_a_run, plans
from benchmarks.measuring import add_line, asked
from cli.airflow import components
from cli.airflow_api import AirflowApi
from cli.follow import follow
from cli.patience import patiently
from include import embedded
from include.embedded.processes import free_port

RESULTS = Path(__file__).with_name("dbt_nodes_results.md")
SMALL = {"GENERATE_USERS": "60", "GENERATE_TITLES": "15", "GENERATE_SESSIONS": "900"}


@contextmanager
def servers(sizes: dict[str, str]) -> Iterator[tuple[dict[str, str], Path]]:
    """Start databases in a temporary folder; forget them at the end."""
    home = Path(tempfile.mkdtemp(prefix="streaming-bench-"))
    try:
        with embedded.databases(home, home / ".env") as settings:
            yield {**settings, **sizes}, home
    finally:
        embedded.reset(home)


@contextmanager
def airflow(env: dict[str, str], home: Path) -> Iterator[AirflowApi]:
    """Start Airflow, and bring the first day."""
    with components(home, env, free_port()) as url:
        api = patiently(AirflowApi, url, env["AIRFLOW_UI_PASSWORD"])
        patiently(api.wait_for_dag)
        first = patiently(api.trigger, {"as_of": "2024-09-01"})
        if follow(api, first) != "success":
            sys.exit("The first run failed")
        yield api


def main() -> None:
    """Kill, compare and count."""
    seed, number = asked("SEED", 19), asked("KILLS", 30)
    print(f"SEED={seed} KILLS={number}", flush=True)
    kills, outcomes = list(plans(seed, number)), []
    with servers(SMALL) as (env, home):
        # A component is started again once; so each of the victims dies once in an Airflow.
        for first in range(0, number, len(VICTIMS)):
            with airflow(env, home) as api:
                for kill in kills[first : first + len(VICTIMS)]:
                    outcomes.append(kill_in_a_run(api, env, home, kill))
                    _tell(len(outcomes), kill, outcomes[-1])
    right, killed = sum(each.is_true for each in outcomes), sum(each.killed for each in outcomes)
    green = sum(len(each.false_greens) for each in outcomes)
    cells = (date.today().isoformat(), str(seed), f"{number} of {'/'.join(VICTIMS)}", str(killed))
    add_line(RESULTS, *cells, f"{right} of {number}", str(green))
    sys.exit(right != number)


def _tell(number: int, kill: Kill, outcome: Outcome) -> None:
    told = dict(Counter(outcome.states.values()))
    print(number, kill, outcome.run_state, told, "as dbt says" if outcome.is_true else outcome, flush=True)


if __name__ == "__main__":
    main()
