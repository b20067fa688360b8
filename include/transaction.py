"""One transaction on a connection that may break: the first error is the one that is raised."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor


@contextmanager
def transaction(connection: Connection) -> Iterator[Cursor]:
    """Yield a cursor; commit at the end of the block, roll back on an error.

    When the server stops during the block, psycopg2's own `with connection` raises "connection already
    closed", which hides the first error.
    """
    try:
        with connection.cursor() as cursor:
            yield cursor
        connection.commit()
    except BaseException:
        with suppress(psycopg2.Error):
            connection.rollback()
        raise
