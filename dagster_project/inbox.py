"""The sensor on the inbox: each complete set of files starts one run of the day on which it came.

Data flow: a look at each tick -> a set that is ready -> a copy in DATA_ROOT/inbox -> a run with `data_dir`.
A set's run has its fingerprint as the key, of which Dagster takes no second one.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dagster as dg

from cli.file_sets import remove_old_copies, remove_unfinished
from cli.inbox_watch import Inbox, run_id_of
from dagster_project.jobs import pipeline
from include.settings import read_settings

LOOK_SECONDS = 10
DATA_DIR = "platform/data_dir"
UNFINISHED = dg.RunsFilter(
    statuses=[
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
)
# What a look finds ready.
ready: list[Path] = []


@cache
def inbox() -> Inbox:
    """Return the inbox: how long a set has been quiet is known to this process only."""
    settings = read_settings()
    copies = settings.data_root / "inbox"
    copies.mkdir(parents=True, exist_ok=True)
    remove_unfinished(copies)
    return Inbox(settings.inbox, copies, lambda copy, _: ready.append(copy) or True)


@dg.sensor(
    job=pipeline,
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    name="inbox",
)
def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for a run of each set that is whole and quiet."""
    inbox().look()
    requests = [_request(copy) for copy in ready]
    if ready:
        runs = context.instance.get_runs(UNFINISHED)
        in_use = {run.tags[DATA_DIR] for run in runs if DATA_DIR in run.tags}
        remove_old_copies(ready[0].parent, in_use | set(map(str, ready)))
    ready.clear()
    return dg.SensorResult(run_requests=requests)


def _request(copy: Path) -> dg.RunRequest:
    config = {"resources": {"platform": {"config": {"data_dir": str(copy)}}}}
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return dg.RunRequest(
        run_key=run_id_of(copy), run_config=config, partition_key=day, tags={DATA_DIR: str(copy)}
    )
