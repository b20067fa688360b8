"""Say how far a load is while it takes long, as PostgreSQL itself counts: no row passes through here.

Data flow: the loading connection's process -> pg_stat_progress_copy, over a second connection -> the log.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import psycopg2
from psycopg2.extensions import connection as Connection

from include import libpq
from include.waiting import announced

LOGIN_SECONDS = 5
AT = """
select copied.tuples_processed, activity.wait_event_type = 'Lock'
from pg_stat_activity as activity left join pg_stat_progress_copy as copied on activity.pid = copied.pid
where activity.pid = %s
"""


@contextmanager
def followed(connection: Connection, what: str) -> Iterator[None]:
    """Log during the block, once it takes long, that `what` is awaited, and what the connection is at."""
    # Asked for now: the other thread must not use a connection that is busy.
    login = connection.info.dsn_parameters | {"password": connection.info.password}
    with announced(what, partial(_at, login, connection.info.backend_pid)):
        yield


def _at(login: dict[str, str], process: int) -> str:
    """Return how many rows COPY has taken so far, or that there is a lock; nothing where nobody knows."""
    try:
        with closing(libpq.connect(**login | {"connect_timeout": LOGIN_SECONDS})) as beside:
            cursor = beside.cursor()
            cursor.execute(AT, (process,))
            copied, is_locked = cursor.fetchone() or (None, False)
    except psycopg2.Error:
        # The load has a connection of its own, and goes on.
        return ""
    if copied:
        return f"copied {copied:,} rows"
    return "another session holds a lock" if is_locked else ""
