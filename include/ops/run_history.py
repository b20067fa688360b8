"""The view ops.run_history: one row per run of the pipeline, made from what the run left in ops.

Data flow: every table of ops that names a batch -> ops.run_history -> `make status`, people's questions.

A run is known by what it left behind, so a failed one has a row too, as soon as one load or one rejected row
is there. It began with its first load and ended with the last thing that it noted.
"""

from dataclasses import dataclass
from datetime import date, datetime

from psycopg2.extensions import cursor as Cursor

from include.ops.dbt_runs import GOOD

# A rollback names the run whose star came back: that run did not go on. A row that a replay rejects again is
# one of that replay. of_dbt: dbt may have been tried twice, and the newest result of a node counts.
RUN_HISTORY = """
create or replace view ops.run_history as
with facts as (
    select
        batch_id, as_of, started_at as began_at, started_at + seconds * interval '1 second' as ended_at
    from ops.load_runs
    union all
    select batch_id, as_of, rejected_at, rejected_at from quarantine.rejected_rows where stage != 'stream'
    union all
    select batch_id, null, detected_at, detected_at from ops.schema_changes
    union all
    select batch_id, null, generated_at, generated_at from ops.dbt_runs
    union all
    select batch_id, null, checked_at, checked_at from ops.reconciliations
    union all
    select batch_id, as_of, planned_at, planned_at from ops.plans
    union all
    select batch_id, as_of, published_at, published_at from ops.publications where action = 'publish'
),

runs as (
    select batch_id, max(as_of) as as_of, min(began_at) as began_at, max(ended_at) as ended_at
    from facts where batch_id != '' group by batch_id
),

of_loads as (
    select
        batch_id, count(*) as loads, sum(rows_read)::bigint as rows_read,
        sum(rows_loaded)::bigint as rows_loaded, sum(rows_unchanged)::bigint as rows_unchanged,
        sum(rows_deleted)::bigint as rows_deleted, sum(rows_quarantined)::bigint as rows_quarantined
    from ops.load_runs where stage = 'extract' group by batch_id
),

of_schemas as (
    select batch_id, count(*) as schema_changes from ops.schema_changes group by batch_id
),

of_dbt as (
    select
        batch_id, count(*) as dbt_nodes, count(*) filter (where not is_good) as dbt_not_good,
        sum(seconds) as dbt_seconds
    from (
        select distinct on (batch_id, unique_id)
            batch_id, seconds, status = any (%(good)s) as is_good
        from ops.dbt_runs order by batch_id, unique_id, generated_at desc
    ) as nodes
    group by batch_id
),

of_comparison as (
    select batch_id, bool_and(is_equal) as is_equal from ops.reconciliations group by batch_id
),

of_publication as (
    select batch_id, max(version) as version from ops.publications where action = 'publish' group by batch_id
)

select
    runs.batch_id,
    runs.as_of,
    runs.began_at,
    runs.ended_at,
    extract(epoch from runs.ended_at - runs.began_at)::numeric(12, 3) as seconds,
    coalesce(of_loads.loads, 0) as loads,
    coalesce(of_loads.rows_read, 0) as rows_read,
    coalesce(of_loads.rows_loaded, 0) as rows_loaded,
    coalesce(of_loads.rows_unchanged, 0) as rows_unchanged,
    coalesce(of_loads.rows_deleted, 0) as rows_deleted,
    coalesce(of_loads.rows_quarantined, 0) as rows_quarantined,
    coalesce(of_schemas.schema_changes, 0) as schema_changes,
    coalesce(of_dbt.dbt_nodes, 0) as dbt_nodes,
    coalesce(of_dbt.dbt_not_good, 0) as dbt_not_good,
    coalesce(of_dbt.dbt_seconds, 0) as dbt_seconds,
    of_comparison.is_equal,
    plans.decision,
    of_publication.version
from runs
left join of_loads on runs.batch_id = of_loads.batch_id
left join of_schemas on runs.batch_id = of_schemas.batch_id
left join of_dbt on runs.batch_id = of_dbt.batch_id
left join of_comparison on runs.batch_id = of_comparison.batch_id
left join ops.plans on runs.batch_id = plans.batch_id
left join of_publication on runs.batch_id = of_publication.batch_id
"""
RIGHTS = """
grant select on ops.run_history to dbt_transformer;
comment on view ops.run_history is
    'One row per run of the pipeline: its day, when it ran, what it read, built, compared and published.';
comment on column ops.run_history.loads is 'Loads of raw tables that ended; the row counts are theirs.';
comment on column ops.run_history.dbt_not_good is 'Nodes that failed, warned or were skipped at last.';
comment on column ops.run_history.dbt_seconds is 'Summed over nodes: more than the clock, with threads.';
comment on column ops.run_history.is_equal is 'Sources, raw and star were equal; null: not compared.';
comment on column ops.run_history.decision is 'What was decided on its star; null where none was compared.';
comment on column ops.run_history.version is 'What the run published; null for none.';
"""
LATEST = """
select
    as_of, began_at, seconds, rows_read, rows_loaded, rows_quarantined, schema_changes, dbt_nodes,
    dbt_not_good, is_equal, decision, version
from ops.run_history order by began_at desc limit %s
"""


@dataclass(frozen=True)
class PastRun:
    """A row of ops.run_history; a run that goes on is there with what it did so far."""

    as_of: date | None
    began_at: datetime
    seconds: float
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    schema_changes: int
    dbt_nodes: int
    dbt_not_good: int
    is_equal: bool | None
    decision: str | None
    version: int | None

    @property
    def had_no_news(self) -> bool:
        """Whether it found nothing to build, and readers keep a star that equals the sources."""
        return self.version is None and bool(self.is_equal) and not self.dbt_nodes

    @property
    def is_open(self) -> bool:
        """Whether it has given readers nothing though it had something: it goes on, or it failed."""
        return self.version is None and not self.had_no_news and self.decision != "keep"


def create_run_history(cursor: Cursor) -> None:
    """Create the view, or replace it by that of this version, whose new columns come last."""
    cursor.execute(RUN_HISTORY, {"good": sorted(GOOD)})
    cursor.execute(RIGHTS)


def latest_runs(cursor: Cursor, limit: int) -> list[PastRun]:
    """Return at most `limit` runs, newest first."""
    cursor.execute(LATEST, (limit,))
    return [PastRun(*row) for row in cursor.fetchall()]
