"""Two views of ops for readers: how fresh the star is, and what happened to the data.

Data flow: ops, quarantine, raw -> ops.data_freshness, ops.data_events -> views of the star
(dbt/models/health), which bi_reader may read; the tables behind them it may not.

A run as of a day brings the days since the run before: what happened to it concerns these days.
"""

from psycopg2.extensions import cursor as Cursor

SESSIONS = "raw.postgres_viewing_sessions"
# complete_through: the newest run that loaded every table, and of which the star has all. What the star has,
# its marker says: of each table the newest load with news that it was built from. rejected_rows: a file is
# read whole by each run, so the newest run of it counts; an extraction reads changes, so what it rejected
# stays until it is replayed.
FRESHNESS = """
create or replace view ops.data_freshness as
with loads as (
    select load_run_id, batch_id, as_of, table_name, rows_loaded + rows_deleted > 0 as has_news
    from ops.load_runs where stage = 'extract'
),

held as (
    select split_part(part, ' ', 1) as table_name, split_part(part, ' ', 2)::bigint as newest
    from obj_description(to_regnamespace('trusted'), 'pg_namespace') as marker
    cross join string_to_table(
        case when pg_input_is_valid(marker, 'jsonb') then marker::jsonb ->> 'raw' end, ', '
    ) as part
    where part != ''
),

unseen as (
    select loads.table_name, min(loads.load_run_id) as first_load
    from loads left join held on loads.table_name = held.table_name
    where loads.has_news and loads.load_run_id > coalesce(held.newest, 0)
    group by loads.table_name
),

complete as (
    select loads.batch_id, loads.as_of
    from loads left join unseen on loads.table_name = unseen.table_name
    group by loads.batch_id, loads.as_of
    having bool_and(unseen.first_load is null or loads.load_run_id < unseen.first_load)
        and count(distinct loads.table_name) = (
            select count(distinct known.table_name) from loads as known
            where known.load_run_id <= max(loads.load_run_id) and known.as_of > loads.as_of - 30
        )
),

files as (
    select distinct on (table_name) table_name, batch_id
    from (
        select table_name, batch_id, started_at as seen_at from ops.load_runs where stage = 'seed'
        union all
        select table_name, batch_id, max(rejected_at) from quarantine.rejected_rows
        where stage = 'seed' group by table_name, batch_id
    ) as runs
    order by table_name, seen_at desc
),

rejected as (
    select distinct stage, source_name, position from quarantine.rejected_rows
    where released_at is null
        and (stage = 'extract' or (table_name, batch_id) in (select table_name, batch_id from files))
)

select
    publication.version,
    publication.as_of as star_as_of,
    publication.published_at at time zone 'UTC' as published_at,
    (select max(as_of) from loads) as last_run_as_of,
    (
        select max(started_at + seconds * interval '1 second') at time zone 'UTC' from ops.load_runs
    ) as last_loaded_at,
    (select max(as_of) from complete where exists (select from held)) as complete_through,
    (select count(*) from rejected) as rejected_rows
from (select) as one_row
left join lateral (
    select version, as_of, published_at from ops.publications order by publication_id desc limit 1
) as publication on true
"""
# Late is what came with a later run than the one that brought its day.
SESSION_EVENTS = f"""
create or replace view ops.session_events as
select watch_date as day, as_of, 'late' as kind, sum(rows)::bigint as rows
from (
    select watch_date, _as_of, count(*) as rows, coalesce(
        (select min(as_of) from ops.load_runs where stage = 'extract' and as_of >= watch_date), watch_date
    ) as as_of
    from {SESSIONS} where _deleted_at is null group by watch_date, _as_of
) as sessions
where _as_of > as_of group by watch_date, as_of
union all
select watch_date, max(_as_of), 'deleted', count(*)
from {SESSIONS} where _deleted_at is not null group by watch_date
"""
# Somebody's own systems may have no table of this name.
NO_SESSION_EVENTS = """
create or replace view ops.session_events as
select null::date as day, null::date as as_of, null::text as kind, null::bigint as rows where false
"""
# Files are read whole, so a broken row is rejected in each run: here it counts in the first one. Before the
# first run nothing was due. A load that was killed, or stopped by a limit, leaves no row: it is seen by the
# tables that its run did not finish.
EVENTS = """
create or replace view ops.data_events as
with extracts as (select distinct as_of from ops.load_runs where stage = 'extract'),

runs as (select distinct batch_id, as_of from ops.load_runs),

loads as (select distinct batch_id, as_of, table_name from ops.load_runs where stage = 'extract'),

of_runs as (
    select as_of, 'rejected' as kind, table_name as what, count(*) as rows
    from quarantine.rejected_rows as rejected
    where released_at is null and not exists (
        select from quarantine.rejected_rows as former
        where former.as_of < rejected.as_of
            and (former.table_name, former.rule, former.row_text)
            = (rejected.table_name, rejected.rule, rejected.row_text)
    )
    group by as_of, table_name
    union all
    select
        coalesce(runs.as_of, detected_at::date), 'drift',
        changes.table_name || concat(' ' || column_name, ' was ', change, ', ', action), count(*)
    from ops.schema_changes as changes left join runs using (batch_id)
    group by 1, 3
    union all
    select runs.as_of, 'unfinished', string_agg(known.table_name, ', ' order by known.table_name), 0
    from runs
    inner join (select table_name, min(as_of) as since from loads group by table_name) as known
        on known.since <= runs.as_of
    left join loads on loads.batch_id = runs.batch_id and loads.table_name = known.table_name
    where loads.batch_id is null
    group by runs.batch_id, runs.as_of
    union all
    select runs.as_of, 'failed', split_part(unique_id, '.', 3), max(coalesce(failures, 0))
    from ops.dbt_runs inner join runs using (batch_id)
    where status in ('fail', 'error')
    group by 1, 3
    union all
    select as_of, case action when 'publish' then 'published' else 'rolled back' end, 'version ' || version, 0
    from ops.publications where as_of is not null
)

select day as first_day, day as last_day, as_of, kind, 'viewing_sessions' as what, rows
from ops.session_events
union all
select day::date, day::date, day::date, 'no run', '', 0
from (select min(as_of) as first, max(as_of) as last from ops.load_runs) as known
cross join generate_series(known.first + 1, known.last, interval '1 day') as day
where not exists (select from ops.load_runs where as_of = day::date)
union all
select
    coalesce(
        (select max(extracts.as_of) + 1 from extracts where extracts.as_of < of_runs.as_of), of_runs.as_of
    ),
    of_runs.as_of, of_runs.as_of, of_runs.kind, of_runs.what, of_runs.rows
from of_runs
"""
RIGHTS = """
grant select on ops.data_freshness, ops.data_events to dbt_transformer;
comment on view ops.data_freshness is 'One row: what readers see, and how fresh its data are.';
comment on view ops.data_events is 'One row per thing that happened to the data, with its days.';
"""


def create_health_views(cursor: Cursor) -> None:
    """Create the views, or replace them by those of this version. The tables of ops and raw are there."""
    cursor.execute("select to_regclass(%s) is not null", (SESSIONS,))
    has_sessions = cursor.fetchone()[0]
    cursor.execute(FRESHNESS)
    cursor.execute(SESSION_EVENTS if has_sessions else NO_SESSION_EVENTS)
    cursor.execute(EVENTS)
    cursor.execute(RIGHTS)
