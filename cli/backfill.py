"""`make backfill`: bring past days one after the other, unseen by readers, and ask before they see them.

Airflow's own backfill loads and builds each day into the next star. A last run, which waits until the days
are done, compares that star with the one that readers see, asks a person, and publishes it. Both are
Airflow's: they go on when this command is interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as Clock
from pathlib import Path

from cli import CommandError
from cli.airflow_api import AirflowApi
from cli.failure import print_failure
from cli.follow import follow
from cli.patience import patiently
from cli.run import airflow_that_is_up, give_up, settings_here, tell_end
from include.airflow_api import DAG_ID
from include.days import refuse_day
from include.environment import plays_product

# The last run's id begins so: as the batch of a publication it says what it was.
ASKING = "ask_after_backfill__"
STAGED = {"publish": "no"}
MIDNIGHT, END_OF_DAY = Clock(tzinfo=UTC), Clock(23, 59, 59, tzinfo=UTC)
REJECTED = (
    "Rejected: readers keep the star that they have. What the days brought stays in raw, and the next run"
    " publishes it, unless it is mended first or that run is told to ask (publish)"
)
Days = tuple[date, date]


def run_backfill(first: date, last: date, reason: str) -> int:
    """Bring the days from first to last; return 0 when they were approved and readers see them."""
    refuse_wrong_days(settings_here(), first, last)
    with airflow_that_is_up() as (api, env, logs):
        return backfill(api, env, (first, last), reason, logs)


def refuse_wrong_days(env: Mapping[str, str], first: date, last: date) -> None:
    """Raise CommandError or InputError for days that cannot be brought."""
    for name, day in (("FROM", first), ("TO", last)):
        refuse_day(name, day, is_generated=plays_product(env))
    if first > last:
        raise CommandError(f"FROM={first} is after TO={last}")
    if last > datetime.now(UTC).date():
        raise CommandError(f"TO={last} is in the future: a backfill brings days that have begun")


@dataclass(frozen=True)
class Backfill:
    """Airflow's backfill, its runs in the order of their days, and the run that asks after them."""

    number: int
    runs: list[str]
    asking: str


def backfill(api: AirflowApi, env: Mapping[str, str], days: Days, reason: str, logs: Path) -> int:
    """Create the backfill and the run that asks, and follow them to their end."""
    patiently(api.wait_for_dag)
    patiently(api.unpause)
    _refuse_second(api)
    made = _create(api, days, reason)
    print(f"Backfill of {days[0]} to {days[1]}, {len(made.runs)} runs: {reason}", flush=True)
    if (failed := _follow_days(api, made.runs)) is not None:
        return _end(api, made, failed, logs)
    url = env.get("AIRFLOW__API__BASE_URL", api.url)
    print(f"Compare, and approve or reject, at\n  {url}/dags/{DAG_ID}/runs/{made.asking}", flush=True)
    state = follow(api, made.asking)
    if state == "success" and _is_rejected(api, made.asking):
        print(f"\n{REJECTED}")
        return 1
    return tell_end(api, env, made.asking, state, logs)


def _create(api: AirflowApi, days: Days, reason: str) -> Backfill:
    """Create what Airflow is to do. The reason is the note of each run."""
    now = datetime.now(UTC)
    first, last = datetime.combine(days[0], MIDNIGHT), datetime.combine(days[1], END_OF_DAY)
    number = patiently(api.create_backfill, first, last, STAGED)
    asking = f"{ASKING}{days[0]}_{days[1]}__{now:%Y-%m-%dT%H:%M:%S}"
    # Later than the last day's run, and not in the future. No two runs have the same date.
    moment = min(last.replace(microsecond=now.microsecond), now)
    conf = {"as_of": days[1].isoformat(), "publish": "ask"}
    # Asked again after a request without an answer, it makes no second one.
    patiently(api.trigger_once, asking, conf, reason, moment)
    runs = patiently(api.runs_of_backfill, first, last)
    for run_id in runs:
        patiently(api.note, run_id, reason)
    return Backfill(number, runs, asking)


def _follow_days(api: AirflowApi, runs: list[str]) -> int | None:
    """Print a line for each day; return the place of the first that failed, None when all are brought."""
    for place, run_id in enumerate(runs):
        state = follow(api, run_id, shows_tasks=False)
        sign = "ok" if state == "success" else "FAILED"
        print(f"  {sign:8} {run_id} ({place + 1} of {len(runs)})", flush=True)
        if state != "success":
            return place
    return None


def _is_rejected(api: AirflowApi, run_id: str) -> bool:
    tasks = patiently(api.task_instances, run_id)
    return any((task["task_id"], task["state"]) == ("publish_trusted", "skipped") for task in tasks)


def _refuse_second(api: AirflowApi) -> None:
    """Raise CommandError while a backfill of before is under way, or waits for its approval."""
    for run in patiently(api.unfinished_runs):
        if run["dag_run_id"].startswith(ASKING) or run["run_type"] == "backfill":
            raise CommandError(
                f"A backfill is open: its run {run['dag_run_id']} is {run['state']}. Let it end, approve or"
                " reject it, or cancel it in Airflow; then begin this one"
            )


def _end(api: AirflowApi, made: Backfill, failed: int, logs: Path) -> int:
    """End a backfill of which a day failed; return 1."""
    patiently(api.cancel_backfill, made.number)
    # That ends days that have not begun; the next one may have.
    give_up(api, {*made.runs[failed:], made.asking}.__contains__, "is given up")
    print_failure(api, made.runs[failed], logs)
    print(
        "\nNothing was published. When the cause is mended, the same command brings the days again; what was"
        " loaded already is not loaded twice"
    )
    return 1
