"""The star in the warehouse, as bi_reader reads it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from dashboard.copying import copy_star
from dashboard.health import TRUSTED, Health, read_health
from dashboard.live import Live, read_live
from dashboard.settings import Settings
from dashboard.source import NotReadableError
from include import libpq
from include.metrics import Definitions
from include.transaction import transaction
from include.why.events import Event, all_events

CONNECT_SECONDS = 5
# What is wrong with the warehouse, as pages say it.
AWAY = "The warehouse at {place} does not answer. `make up` starts it, or `make dashboard` the demo's."
REFUSED = "The warehouse at {place} refuses bi_reader: the password in .env is not the server's."
EMPTY = "Nothing is published yet: `make demo`, or `make run` where Airflow is up, brings the first star."
NO_STAR = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidSchemaName,
    errors.InsufficientPrivilege,
)


@dataclass(frozen=True)
class Warehouse:
    """The warehouse that the settings name."""

    settings: Settings

    @contextmanager
    def reader(self) -> Iterator["WarehouseReader"]:
        """Connect for one look. Raises NotReadableError, also for what goes wrong meanwhile."""
        try:
            with closing(self._connect()) as connection:
                yield WarehouseReader(connection)
        except NO_STAR:
            raise NotReadableError(EMPTY) from None
        except psycopg2.OperationalError as error:
            problem = REFUSED if libpq.is_wrong_login(error) else AWAY
            raise NotReadableError(problem.format(place=self.settings.place)) from error
        except psycopg2.Error as error:
            raise NotReadableError(f"The star cannot be copied: {str(error).strip()}") from error

    def _connect(self) -> Connection:
        connection = libpq.connect(**self.settings.warehouse, connect_timeout=CONNECT_SECONDS)
        connection.set_session(readonly=True)
        return connection


@dataclass(frozen=True)
class WarehouseReader:
    """One look over one connection, in a transaction for each question."""

    connection: Connection

    def health(self) -> Health:
        """Return what readers see, and how fresh it is. Raises UndefinedTable before a first publication."""
        with transaction(self.connection) as cursor:
            health = read_health(cursor)
        if health.version is None:
            raise errors.UndefinedTable("no publication yet")
        return health

    def copy(self, definitions: Definitions, path: Path) -> Health:
        """Write a new DuckDB file with the star; return its health."""
        return copy_star(self.connection, definitions, path)

    def events(self) -> tuple[Event, ...]:
        """Return what happened to the data, as readers are told."""
        with transaction(self.connection) as cursor:
            return tuple(all_events(cursor, f"{TRUSTED}.data_events"))

    def live(self) -> Live | None:
        """Return the windows of the last hour; None before the first event, and for a star without them."""
        with transaction(self.connection) as cursor:
            return read_live(cursor)
