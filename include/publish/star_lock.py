"""Lock all tables of the star that readers see, without making readers wait for long.

A reader that asks for a table queues behind a waiting lock, so the time of waiting is limited. Readers lock
several tables in any order, so the swap waits for one table only while it holds no other.

Example: reader R has locked the fact and asks for dim_users. Waiting for the fact while holding dim_users
would be a deadlock, which the server might end by cancelling R. Instead the lock on dim_users is released, R
ends its query, and the fact is locked; then dim_users is locked if it is free, else it is waited for next.
"""

import time

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.publish.contents import tables_in
from include.publish.schema_marker import TRUSTED

# A reader that asks for a table meanwhile waits for at most this time. It is longer than deadlock_timeout,
# after which the server cancels an autovacuum that holds a table.
LOCK_SECONDS = 1.5
READERS = """
select distinct format('%s (%s, pid %s)', usename, application_name, pid)
from pg_locks
inner join pg_class on pg_class.oid = relation
inner join pg_stat_activity using (pid)
where relnamespace = to_regnamespace('trusted') and granted and pid != pg_backend_pid()
"""


def lock_out_readers(cursor: Cursor) -> None:
    """Lock every table of `trusted` until the transaction ends; raise LockNotAvailable after LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    _limit_waiting(cursor, deadline)
    # dbt takes this lock when it marks a star, so it does not begin to build while schemas are renamed.
    cursor.execute("select pg_advisory_xact_lock(hashtext('star'))")
    names = tables_in(cursor, TRUSTED)
    busy = names[-1] if names else None
    while busy:
        if time.monotonic() > deadline:
            raise psycopg2.errors.LockNotAvailable(f"{busy} is busy again and again")
        cursor.execute("savepoint unlocked")
        _limit_waiting(cursor, deadline)
        _lock(cursor, busy)
        busy = _lock_the_free(cursor, names)
        if busy:
            cursor.execute("rollback to savepoint unlocked")


def current_readers(cursor: Cursor) -> list[str]:
    """Return the sessions that hold a lock on a table of `trusted`, as texts for people."""
    cursor.execute(READERS)
    return [text for (text,) in cursor.fetchall()]


def _lock_the_free(cursor: Cursor, names: list[str]) -> str | None:
    """Lock the tables without waiting; return the first that is busy, None when all are locked."""
    for name in names:
        cursor.execute("savepoint free")
        try:
            _lock(cursor, name, " nowait")
        except psycopg2.errors.LockNotAvailable:
            cursor.execute("rollback to savepoint free")
            return name
    return None


def _lock(cursor: Cursor, table: str, how: str = "") -> None:
    statement = SQL("lock table {} in access exclusive mode" + how)
    cursor.execute(statement.format(Identifier(TRUSTED, table)))


def _limit_waiting(cursor: Cursor, deadline: float) -> None:
    """Let the transaction's next locks wait until the deadline, at least 1 ms: zero would mean no limit."""
    left = max(1, round(1000 * (deadline - time.monotonic())))
    cursor.execute("select set_config('lock_timeout', %s, true)", (f"{left}ms",))
