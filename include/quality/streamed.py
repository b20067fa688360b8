"""Compare the sessions that devices told of with those of the batch, by their ids, and record the outcome.

Data flow: streamed_sessions of the star -> ops.streamed_comparisons. The batch is the truth: what differs is
told, and stops nothing.
"""

import logging
from dataclasses import astuple, dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.sql import SQL, Identifier

from include.run import Batch
from include.transaction import transaction

log = logging.getLogger(__name__)

# Of the batch's sessions those count as not streamed that were watched on days that devices tell of wholly.
COMPARED = """
with days as (
    select min(watch_date) as first_day, max(watch_date) as last_day from {schema}.streamed_sessions
),

through as (
    select complete_through from {schema}.streaming_freshness
)

select
    (select complete_through from through),
    count(*) filter (where batch_status = 'agrees'),
    count(*) filter (where batch_status = 'corrected'),
    count(*) filter (where batch_status = 'differs'),
    count(*) filter (where batch_status = 'missing'),
    count(*) filter (where batch_status = 'incomplete'),
    (
        select count(*)
        from {schema}.fct_viewing_sessions as batch
        inner join days on batch.watch_date between days.first_day and days.last_day
        inner join through on batch.watch_date < through.complete_through::date
        where not exists (
            select 1 from {schema}.int_streamed_sessions as streamed
            where streamed.session_id = batch.session_id
        )
    )
from {schema}.streamed_sessions
having count(*) > 0
"""
RECORD = """
insert into ops.streamed_comparisons
    (batch_id, complete_through, agree, corrected, differ, missing, incomplete, not_streamed)
values %s
on conflict (batch_id) do update set
    complete_through = excluded.complete_through, agree = excluded.agree, corrected = excluded.corrected,
    differ = excluded.differ, missing = excluded.missing, incomplete = excluded.incomplete,
    not_streamed = excluded.not_streamed, compared_at = now()
"""
LAST = """
select complete_through, agree, corrected, differ, missing, incomplete, not_streamed
from ops.streamed_comparisons where batch_id = %s
"""


@dataclass(frozen=True)
class Streamed:
    """How many sessions of devices agree with the batch, were corrected there, differ, are missing there, or
    lack their start or stop; and how many of the batch no device told of. `complete_through` is UTC.
    """

    complete_through: datetime | None
    agree: int
    corrected: int
    differ: int
    missing: int
    incomplete: int
    not_streamed: int

    def __str__(self) -> str:
        until = f"{self.complete_through:%Y-%m-%d %H:%M} UTC" if self.complete_through else "nothing yet"
        return (
            f"Sessions as devices told them, complete through {until}: {self.agree:,} agree with the batch,"
            f" {self.corrected:,} were corrected there since, {self.differ:,} differ,"
            f" {self.missing:,} are not there, {self.incomplete:,} lack their start or stop;"
            f" {self.not_streamed:,} of the batch were not streamed"
        )


def compare_streamed(publisher: Connection, warehouse: Connection, batch: Batch, schema: str) -> None:
    """Compare the star's sessions with those of devices; where no device told of any, nothing is recorded.

    `publisher` reads the schema of the star, `warehouse` writes as elt_loader.
    """
    with transaction(publisher) as cursor:
        cursor.execute("select to_regclass(%s)", (f"{schema}.streamed_sessions",))
        if cursor.fetchone() == (None,):
            return
        cursor.execute(SQL(COMPARED).format(schema=Identifier(schema)))
        row = cursor.fetchone()
    if row is None:
        return
    found = Streamed(*row)
    log.log(logging.WARNING if found.differ else logging.INFO, "%s", found)
    with transaction(warehouse) as cursor:
        cursor.execute(RECORD, ((batch.batch_id, *astuple(found)),))


def last_comparison(warehouse: Connection, batch_id: str) -> Streamed | None:
    """Return the comparison of a run; None where no device told of any session."""
    with transaction(warehouse) as cursor:
        cursor.execute(LAST, (batch_id,))
        row = cursor.fetchone()
    return Streamed(*row) if row else None
