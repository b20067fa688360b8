"""What happened to the data of a day or week: late, deleted and rejected rows, drift, runs and publications.

Read from ops, quarantine and raw, as elt_loader. The runs that count are those as of the days in question,
and the first one as of their end or later: it brought them. A load that was killed, or stopped by a limit,
leaves no row: it is seen by the tables that its run did not finish.
"""

from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import cursor as Cursor

from include.why.compared import Period

SESSIONS = "raw.postgres_viewing_sessions"
BROUGHT = (
    "select coalesce(min(as_of), %(last)s) from ops.load_runs where stage = 'extract' and as_of >= %(last)s"
)
# Each gives day, what it is about, and a number of rows.
LATE = f"""
select %(brought)s::date, 'viewing_sessions', count(*)
from {SESSIONS}
where watch_date between %(first)s and %(last)s and _as_of > %(brought)s and _deleted_at is null
having count(*) > 0
"""
DELETED = f"""
select max(_as_of), 'viewing_sessions', count(*)
from {SESSIONS}
where watch_date between %(first)s and %(last)s and _deleted_at is not null
having count(*) > 0
"""
# Files are read whole, so a broken row is rejected in each run: here it counts in the first one.
REJECTED = """
select as_of, table_name, count(*)
from quarantine.rejected_rows as rejected
where as_of between %(first)s and %(brought)s and released_at is null and not exists (
    select from quarantine.rejected_rows as former
    where former.as_of < rejected.as_of
        and (former.table_name, former.rule, former.row_text)
        = (rejected.table_name, rejected.rule, rejected.row_text)
)
group by as_of, table_name order by as_of, table_name
"""
DRIFT = """
select coalesce(runs.as_of, detected_at::date),
    changes.table_name || concat(' ' || column_name, ' was ', change, ', ', action), count(*)
from ops.schema_changes as changes
left join (select distinct batch_id, as_of from ops.load_runs) as runs using (batch_id)
where coalesce(runs.as_of, detected_at::date) between %(first)s and %(brought)s
group by 1, 2 order by 1, 2
"""
# Before the first run nothing was due.
NO_RUN = """
select day::date, '', 0
from generate_series(%(first)s::date, %(last)s::date, interval '1 day') as day
where day > (select min(as_of) from ops.load_runs) and not exists (
    select from ops.load_runs where as_of = day
)
order by day
"""
UNFINISHED = """
with loads as (select distinct batch_id, as_of, table_name from ops.load_runs where stage = 'extract')

select runs.as_of, string_agg(known.table_name, ', ' order by known.table_name), 0
from (select distinct batch_id, as_of from ops.load_runs) as runs
inner join (select table_name, min(as_of) as since from loads group by table_name) as known
    on known.since <= runs.as_of
left join loads on loads.batch_id = runs.batch_id and loads.table_name = known.table_name
where runs.as_of between %(first)s and %(brought)s and loads.batch_id is null
group by runs.batch_id, runs.as_of order by runs.as_of
"""
FAILED = """
select runs.as_of, split_part(unique_id, '.', 3), max(coalesce(failures, 0))
from ops.dbt_runs
inner join (select distinct batch_id, as_of from ops.load_runs) as runs using (batch_id)
where runs.as_of between %(first)s and %(brought)s and status in ('fail', 'error')
group by 1, 2 order by 1, 2
"""
PUBLISHED = """
select as_of, 'version ' || version, 0
from ops.publications
where as_of between %(first)s and %(brought)s and action = 'publish' order by publication_id
"""
ROLLED_BACK = PUBLISHED.replace("'publish'", "'rollback'")
# Kind -> its query, and how it is said.
KINDS = {
    "late": (LATE, "{what}: {rows:,} came late, or were changed after the run that brought the time"),
    "deleted": (DELETED, "{what}: {rows:,} were deleted by the source since"),
    "rejected": (REJECTED, "{what}: {rows:,} rejected for the first time, see make quarantine"),
    "drift": (DRIFT, "the source changed its shape: {what}"),
    "no run": (NO_RUN, "no run finished a load as of this day"),
    "unfinished": (UNFINISHED, "a run did not finish its load of {what}"),
    "failed": (FAILED, "dbt failed: {what}"),
    "published": (PUBLISHED, "{what} of the star was published"),
    "rolled back": (ROLLED_BACK, "{what} of the star was given to readers again"),
}
OF_RAW = {"late", "deleted"}


@dataclass(frozen=True)
class Event:
    """Something that happened to the data as of a day; `rows` is 0 where none are counted."""

    kind: str
    as_of: date
    what: str
    rows: int

    def __str__(self) -> str:
        return f"as of {self.as_of}: {KINDS[self.kind][1].format(what=self.what, rows=self.rows)}"


def read_events(cursor: Cursor, period: Period) -> list[Event]:
    """Return what happened to the data of the period, by kind and day."""
    days = {"first": period.start, "last": period.last}
    cursor.execute(BROUGHT, days)
    days["brought"] = cursor.fetchone()[0]
    cursor.execute("select to_regclass(%s) is not null", (SESSIONS,))
    has_sessions = cursor.fetchone()[0]
    events = []
    for kind, (query, _) in KINDS.items():
        if has_sessions or kind not in OF_RAW:
            cursor.execute(query, days)
            events += [Event(kind, *row) for row in cursor.fetchall()]
    return events
