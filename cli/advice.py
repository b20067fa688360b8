"""What to do where something is off: a line for each thing, from the last run and the star's health."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from cli.container import SECRETS
from dashboard.health import Health
from include.ops.run_history import PastRun

GOOD = "All is well: readers have what the last run brought, and its data are fresh."
NO_RUN = "Nothing has run yet: {run}"
STALE = "The last load was {hours:,} hours ago: {run}"
DIFFERS = "Sources, raw and star differ in the last run: make reconcile"
FAILED = """{count:,} nodes of dbt did not pass in the last run:
  make sql AS=admin Q="select * from ops.dbt_runs where status in ('error', 'fail')\""""
OPEN = "The last run has published nothing. Unless it still runs: docs/operations.md, A run failed"
ASKED = "A person was asked whether readers get its star: make plan, and Required Actions in Airflow's UI"
STOPPED = "Its star looks unusual, and was stopped: make plan, and docs/operations.md, Plan and approval"
BEHIND = "Readers have all data up to {through} only, the last run was of {last}: {run}"
REJECTED = "{count:,} rows wait in quarantine: make quarantine"
CHANGED = "A source changed its shape: docs/operations.md, When a source changes its shape"


def advice(runs: Sequence[PastRun], health: Health, now: datetime) -> list[str]:
    """Return what to do, the most urgent first; one line that says so where there is nothing to do.

    `runs` are the latest, newest first; `now` knows its time zone.
    """
    run = "make run" if SECRETS.is_dir() else "make demo"
    if not runs:
        return [NO_RUN.format(run=run)]
    return [*_of_run(runs[0]), *_of_data(runs[0], health, now, run)] or [GOOD]


def _of_run(last: PastRun) -> Iterator[str]:
    if last.is_equal is False:
        yield DIFFERS
    if last.dbt_not_good:
        yield FAILED.format(count=last.dbt_not_good)
    if last.is_open:
        yield {"ask": ASKED, "stop": STOPPED}.get(last.decision or "", OPEN)
    if last.schema_changes:
        yield CHANGED


def _of_data(last: PastRun, health: Health, now: datetime, run: str) -> Iterator[str]:
    if age := health.stale_for(now):
        yield STALE.format(hours=int(age.total_seconds() // 3600), run=run)
    if last.version and health.complete_through != health.last_run_as_of:
        yield BEHIND.format(through=health.complete_through, last=health.last_run_as_of, run=run)
    if health.rejected_rows:
        yield REJECTED.format(count=health.rejected_rows)
