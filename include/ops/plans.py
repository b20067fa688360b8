"""The table ops.plans: what publishing each run's star would change, and what was decided."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from include.run import Batch

RECORD = """
insert into ops.plans (batch_id, as_of, decision, reasons, days, tables, moves, page)
values (%(batch_id)s, %(as_of)s, %(decision)s, %(reasons)s, %(days)s, %(tables)s, %(moves)s, %(page)s)
on conflict (batch_id) do update set
    planned_at = excluded.planned_at, decision = excluded.decision, reasons = excluded.reasons,
    days = excluded.days, tables = excluded.tables, moves = excluded.moves, page = excluded.page
"""
DAILY = """
select (tables -> %s ->> 'added')::float8 / days from ops.plans
where batch_id != %s and days > 0 and tables -> %s ->> 'added' is not null
order by planned_at desc limit %s
"""


@dataclass(frozen=True)
class PlanRecord:
    """A row of ops.plans. `decision` is publish, ask, stop or keep."""

    decision: str
    reasons: tuple[str, ...]
    days: int | None
    tables: Mapping[str, object]
    moves: list[dict[str, object]] | None
    page: str


def record_plan(cursor: Cursor, batch: Batch, plan: PlanRecord) -> None:
    """Write the plan of the batch's star; that of an earlier attempt is replaced."""
    documents = {name: json.dumps(getattr(plan, name), default=str) for name in ("tables", "moves")}
    if plan.moves is None:
        documents["moves"] = None
    cursor.execute(RECORD, {**vars(batch), **vars(plan), **documents, "reasons": list(plan.reasons)})


def page_of_plan(cursor: Cursor, batch_id: str) -> str | None:
    """Return the page of the batch's plan; None where it has none."""
    cursor.execute("select page from ops.plans where batch_id = %s", (batch_id,))
    found = cursor.fetchone()
    return found and found[0]


def added_a_day(cursor: Cursor, batch: Batch, table: str, limit: int = 7) -> tuple[float, ...]:
    """Return the rows a business day that each of the last plans but the batch's added to the table."""
    cursor.execute(DAILY, (table, batch.batch_id, table, limit))
    return tuple(share for (share,) in cursor.fetchall())
