"""The resource through which assets work: what a run is told, and the tasks of `include/tasks.py`.

Its fields are the words of the DAG's form; connections and settings are those of the environment, which
`connections()` makes of `.env`. A run that begins again after a crash goes on as the same batch.
"""

import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from dagster_project.days import PARTITION
from include import tasks
from include.connections import postgres
from include.dbt import (
    BATCH_VARIABLE,
    CODE_VARIABLE,
    PROJECT_VARIABLE,
    RAW_VARIABLE,
    code_checksum,
    project_checksum,
)
from include.errors import DataQualityError, GuardError, WarehouseInUseError
from include.extract_load.raw import forget_watermark
from include.failures import OURS, explain, is_transient
from include.ops.fingerprint import ROW_HASH, ROWS, all_of, fingerprint_of, live_rows
from include.ops.publications import Publication
from include.ops.warehouse_claim import Claimant, at_work, release
from include.parameters import GATES, MODES
from include.publish import rollback
from include.publish.contents import count_and_hash
from include.tables import raw_tables
from include.transaction import transaction

# Checks tell people of these; every other error ends the step.
JUDGED = (GuardError, DataQualityError)
# Longer than what lies between two steps, or until a run is begun again after a crash.
KEPT = timedelta(minutes=2)
PAUSE_SECONDS, PAUSES = 20, 360
COUNT, CHECKSUM = "dagster/row_count", "checksum"

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext


class Platform(dg.ConfigurableResource):
    """What a run is told, and how it works on the platform.

    `of_run` names an earlier run, whose star the job `publish` judges and publishes.
    """

    mode: str = MODES[0]
    data_dir: str = ""
    quality_gate: str = GATES[0]
    allow_mass_deletion: bool = False
    users: int | None = None
    titles: int | None = None
    sessions: int | None = None
    seed: int | None = None
    of_run: str = ""

    def run(
        self, context: Context, task: Callable, *arguments: Any, claims: bool = True, **named: Any
    ) -> Any:
        """Call a task that takes a run's context, with the warehouse to this run; return what it returns.

        Raises what JUDGED lists, for checks; of any other error Dagster is told whether a retry can help.
        `claims`: not before the warehouse's tables are there.
        """
        with self.at_work(context) if claims else told():
            return task(*arguments, **named, **self.told_to_tasks(context))

    def told_to_tasks(self, context: Context) -> dict[str, Any]:
        """Return the run as the tasks know it: id, business day and parameters."""
        day = context.run.tags[PARTITION]
        unsaid = {"of_run"}
        params = {name: value for name, value in self.model_dump().items() if name not in unsaid}
        due = datetime.fromisoformat(day).replace(tzinfo=UTC)
        return {"run_id": self.batch_id(context), "params": {"as_of": day, **params}, "logical_date": due}

    def told_to_dbt(self, context: Context) -> tuple[dict[str, str], list[str]]:
        """Return the variables that name the star that dbt builds, and its options."""
        with told():
            variables = {
                BATCH_VARIABLE: self.batch_id(context),
                CODE_VARIABLE: code_checksum(),
                PROJECT_VARIABLE: project_checksum(),
                RAW_VARIABLE: tasks.raw_state(),
            }
            return variables, tasks.refresh_option({"mode": self.mode}).split()

    def batch_id(self, context: Context) -> str:
        """Return the warehouse's id of the run; one that was begun again keeps that of the first."""
        return self.of_run or f"dagster__{context.run.root_run_id or context.run.run_id}"

    def star_to_keep(self) -> Publication | None:
        """Return what readers see when it holds all of raw already, else None."""
        with told():
            return tasks.star_to_keep({"mode": self.mode})

    def figures_of_raw(self, table: str) -> dict[str, Any]:
        """Return rows and checksum of the live rows of a raw table, as metadata."""
        declared = raw_tables()[table]
        with told(), postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
            found = fingerprint_of(cursor, live_rows(declared), all_of(declared))
        return {COUNT: int(found[ROWS]), CHECKSUM: str(found[ROW_HASH])}

    def figures_of_model(self, schema: str, table: str) -> dict[str, Any]:
        """Return rows and checksum of a table that dbt built, as metadata."""
        with told(), postgres("warehouse_publisher") as warehouse, transaction(warehouse) as cursor:
            rows, checksum = count_and_hash(cursor, schema, table)
        return {COUNT: rows, CHECKSUM: checksum}

    def report(self, context: Context) -> None:
        """Record dbt's results in ops.dbt_runs, also of a build that failed, and log the run's totals."""
        with told():
            tasks.report_run(**self.told_to_tasks(context))

    def plan_page(self, batch_id: str) -> str:
        """Return what publishing the run's star would change."""
        with told():
            return tasks.plan_page(batch_id)

    def forget_watermarks(self, tables: Collection[str]) -> list[str]:
        """Forget until when these raw tables were read; return those that had a watermark."""
        with told(), postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
            return [table for table in tables if forget_watermark(cursor, table)]

    def roll_back(self) -> Publication:
        """Give readers the previous version again."""
        with told(), postgres("warehouse_publisher") as warehouse:
            return rollback(warehouse)

    def release(self, context: Context) -> None:
        """Let another run, of whichever orchestrator, have the warehouse."""
        with told(), postgres("warehouse") as warehouse, transaction(warehouse) as cursor:
            release(cursor, self._claimant(context))

    def _claimant(self, context: Context) -> Claimant:
        return Claimant(f"dagster {os.environ['DAGSTER_HOME']}", self.batch_id(context), socket.gethostname())

    @contextmanager
    def at_work(self, context: Context) -> Iterator[None]:
        """Have the warehouse to the run during the block. Raises RetryRequested while another one has it."""
        try:
            with told(), postgres("warehouse") as warehouse:
                claimant = self._claimant(context)
                with at_work(warehouse, claimant, lambda run: _is_over(context.instance, run), KEPT):
                    yield
        except WarehouseInUseError as error:
            context.log.info("%s. This run goes on when that has ended", error)
            raise dg.RetryRequested(max_retries=PAUSES, seconds_to_wait=PAUSE_SECONDS) from None


@contextmanager
def told() -> Iterator[None]:
    """Turn an error into the step's failure, which says whether another try can help."""
    try:
        yield
    except (*JUDGED, WarehouseInUseError, dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        # The driver's own message may hold a row.
        said = error if isinstance(error, OURS) else explain(error, "dagster_project")
        raise dg.Failure(str(said), allow_retries=is_transient(error)) from None


def _is_over(instance: dg.DagsterInstance, batch_id: str) -> bool:
    """Tell whether a run of this Dagster has ended, with those that were begun again for it."""
    root = batch_id.removeprefix("dagster__")
    found = instance.get_run_group(root) if instance.has_run(root) else None
    return not found or all(run.is_finished for run in found[1])
