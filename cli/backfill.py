"""`make backfill`: bring past days one after the other, unseen by readers, and ask before they see them.

Airflow's own backfill loads and builds each day into the next star. A last run, which waits until the days
are done, compares that star with the one that readers see, asks a person, and publishes it. Both are
Airflow's: they go on when this command is interrupted.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from datetime import time as Clock
from pathlib import Path

from cli import CommandError
from cli.airflow_api import DAG_ID, AirflowApi
from cli.failure import print_failure
from cli.follow import follow
from cli.patience import patiently
from cli.run import airflow_that_is_up, settings_here, tell_end
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


def backfill(api: AirflowApi, env: Mapping[str, str], days: Days, reason: str, logs: Path) -> int:
    """Create the backfill and the run that asks, and follow them to their end."""
    patiently(api.wait_for_dag)
    patiently(api.unpause)
    _refuse_second(api)
    asked_at = datetime.now(UTC)
    bounds = [datetime.combine(day, clock) for day, clock in zip(days, (MIDNIGHT, END_OF_DAY), strict=True)]
    backfill_id = patiently(api.create_backfill, *bounds, STAGED)
    asking = f"{ASKING}{days[0]}_{days[1]}__{asked_at:%Y-%m-%dT%H:%M:%S}"
    runs = patiently(api.runs_of_backfill, *bounds)
    conf = {"as_of": days[1].isoformat(), "publish": "ask"}
    # After the last day's run, and not in the future: so Airflow knows it as the later one.
    moment = min(bounds[1].replace(microsecond=asked_at.microsecond), asked_at)
    patiently(api.trigger_as, asking, moment, conf, reason)
    for run_id in runs:
        patiently(api.note, run_id, reason)
    print(f"Backfill of {days[0]} to {days[1]}, {len(runs)} runs: {reason}", flush=True)
    for number, run_id in enumerate(runs, start=1):
        state = follow(api, run_id, shows_tasks=False)
        print(
            f"  {'ok' if state == 'success' else 'FAILED':8} {run_id} ({number} of {len(runs)})", flush=True
        )
        if state != "success":
            return _give_up(api, backfill_id, (run_id, asking), logs)
    url = env.get("AIRFLOW__API__BASE_URL", api.url)
    print(
        f"Run {asking} compares what readers would see, and asks: approve or reject at\n"
        f"  {url}/dags/{DAG_ID}/runs/{asking}",
        flush=True,
    )
    state = follow(api, asking)
    if state == "success" and _is_rejected(api, asking):
        print(f"\n{REJECTED}")
        return 1
    return tell_end(api, env, asking, state, logs)


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


def _give_up(api: AirflowApi, backfill_id: int, ended: tuple[str, str], logs: Path) -> int:
    """End a backfill of which a day failed; return 1."""
    failed, asking = ended
    patiently(api.cancel_backfill, backfill_id)
    patiently(api.give_up, asking)
    print_failure(api, failed, logs)
    print(
        "\nThe days after it are cancelled, and nothing was published. When the cause is mended, the same"
        " command brings the days again; what was loaded already is not loaded twice"
    )
    return 1
