"""Compare a run's star with what readers see, decide what becomes of it, and keep both in ops.

Data flow: plan + figures of ops -> reasons to ask -> decision by the trigger's `quality_gate` and `publish`
-> ops.plans, whose page a person reads before they approve.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.errors import DataQualityError
from include.metrics import Definitions, read_definitions
from include.ops.plans import PlanRecord, added_a_day, record_plan
from include.ops.publications import current_publication
from include.parameters import ANSWERS, ASK, GATES, NO, STOP, data_dir_of, publish_of, quality_gate_of
from include.plan.compare import Plan, compare_stars
from include.plan.gate import Figures, Rejected, reasons_to_ask
from include.plan.tables import FACT
from include.plan.words import page
from include.publish.schema_marker import NEXT
from include.run import Batch
from include.settings import Thresholds
from include.transaction import transaction

log = logging.getLogger(__name__)

# Beside ASK and STOP.
PUBLISH, KEEP = "publish", "keep"
# The newest load counts of a table that was loaded twice.
LOADS = """
select distinct on (stage, table_name) table_name, rows_read, rows_quarantined
from ops.load_runs where batch_id = %s
order by stage desc, table_name, load_run_id desc
"""
NEWEST = "select max(watch_date) from {}"
DECIDED = {
    PUBLISH: "Readers get this star.",
    ASK: "A person is asked: see the task approve_publication.",
    STOP: "Nothing is published.",
    KEEP: "The trigger says that nothing is published: the star stays in trusted_next.",
}


@dataclass(frozen=True)
class Wishes:
    """What a trigger says of thresholds that are exceeded and of publishing, and whether it brings files."""

    quality_gate: str = GATES[0]
    publish: str = ANSWERS[0]
    brings_files: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> "Wishes":
        """Return the wishes of a run's parameters. Raises InputError for a word that is none of them."""
        return cls(quality_gate_of(params), publish_of(params), brings_files=bool(data_dir_of(params)))


def decide(
    warehouse: Connection, publisher: Connection, batch: Batch, wishes: Wishes, thresholds: Thresholds
) -> str:
    """Return what becomes of the batch's star in trusted_next: publish, ask or keep.

    `warehouse` is a connection as elt_loader, `publisher` one as dbt_transformer. Raises DataQualityError
    where thresholds are exceeded and the run is to stop then.
    """
    definitions = read_definitions()
    with transaction(publisher) as cursor:
        plan = compare_stars(cursor, definitions)
        newest = _newest(cursor)
    with transaction(warehouse) as cursor:
        # Files of somebody's own are of any day.
        figures = _figures(cursor, batch, None if wishes.brings_files else newest)
        reasons = reasons_to_ask(plan, figures, thresholds)
        decision = _decision(reasons, wishes)
        record = _record(plan, definitions, decision, reasons, figures.days)
        record_plan(cursor, batch, record)
    log.info("What publishing would change:\n%s", record.page)
    if decision == STOP:
        said = ". ".join(reasons)
        raise DataQualityError(
            f"{said}. Readers keep their star (quality_gate is stop). See `make plan`; trigger again with"
            " quality_gate=warn to publish all the same"
        )
    return decision


def _figures(cursor: Cursor, batch: Batch, newest: date | None) -> Figures:
    cursor.execute(LOADS, (batch.batch_id,))
    loads = tuple(Rejected(*row) for row in cursor.fetchall())
    seen = current_publication(cursor)
    beyond = (batch.as_of - seen.as_of).days if seen and seen.as_of else 0
    return Figures(
        batch.as_of, loads, newest, beyond if beyond > 0 else None, added_a_day(cursor, batch, FACT)
    )


def _newest(cursor: Cursor) -> date | None:
    cursor.execute(SQL(NEWEST).format(Identifier(NEXT, FACT)))
    return cursor.fetchone()[0]


def _decision(reasons: tuple[str, ...], wishes: Wishes) -> str:
    if wishes.publish == NO:
        return KEEP
    if reasons and wishes.quality_gate == STOP:
        return STOP
    is_asked = wishes.publish == ASK or (reasons and wishes.quality_gate == ASK)
    return ASK if is_asked else PUBLISH


def _record(
    plan: Plan, definitions: Definitions, decision: str, reasons: tuple[str, ...], days: int | None
) -> PlanRecord:
    unusual = "\n".join(f"- **{reason}**" for reason in reasons)
    text = "\n\n".join(filter(None, [page(plan, definitions), unusual, DECIDED[decision]]))
    tables: Mapping[str, object] = {one.name: asdict(one) for one in plan.tables}
    moves = None if plan.moves is None else [asdict(one) for one in plan.moves]
    return PlanRecord(decision, reasons, days, tables, moves, text)
