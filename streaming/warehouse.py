"""The warehouse as stream_loader, and which errors mean that it is away."""

import logging
from collections.abc import Callable, Mapping

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from include import libpq
from include.errors import InputError
from include.logins import find_login
from include.transaction import transaction

log = logging.getLogger(__name__)

# A server that was killed, restarts, or cuts connections.
AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)
CONNECT_SECONDS = 5
LOGIN = find_login("WAREHOUSE", "stream_loader")
LOOK = "select from ops.kafka_partitions limit 0"
NO_TABLES = (
    "The warehouse has no tables for events yet. Trigger one run of video_streaming_elt_pipeline, which makes"
    " them"
)


class Warehouse:
    """A connection that is opened where it is needed, and again after it broke."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._parameters = LOGIN.parameters(env)
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """Return an open connection.

        Raises psycopg2.OperationalError while there is none to be had, and InputError before the first run.
        """
        if self._connection is None or self._connection.closed:
            self._connection = libpq.connect(**self._parameters, connect_timeout=CONNECT_SECONDS)
            _refuse_without_tables(self._connection)
        return self._connection

    def forget(self) -> None:
        """Close the connection, if there is one; the next one is new."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _refuse_without_tables(connection: Connection) -> None:
    try:
        with transaction(connection) as cursor:
            cursor.execute(LOOK)
    # Before the first run there is not even the schema that the role may look into.
    except (errors.UndefinedTable, errors.InsufficientPrivilege) as error:
        raise InputError(NO_TABLES) from error


def patiently(write: Callable[[Connection], None], warehouse: Warehouse, wait: Callable[[], bool]) -> bool:
    """Call `write` with a connection until it passes; while the warehouse is away, `wait`, if it says so.

    Returns whether it passed. `write` may be called again after it was committed: it must not matter.
    """
    while True:
        try:
            write(warehouse.connection())
            return True
        except AWAY as error:
            log.warning("The warehouse is away, trying again: %s", str(error).strip())
            warehouse.forget()
        if not wait():
            return False
