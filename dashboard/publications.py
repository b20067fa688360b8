"""Keep a copy of what readers see: look for a newer publication, copy it, and only then let pages show it."""

import logging
import shutil
import tempfile
import threading
import time
import weakref
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from dashboard.copying import copy_star
from dashboard.health import TRUSTED, Health, read_health
from dashboard.settings import Settings
from dashboard.star import Star
from include import libpq
from include.metrics import Definitions, read_definitions
from include.transaction import transaction
from include.why.events import Event, all_events

log = logging.getLogger(__name__)

EVERY_SECONDS = 5
CONNECT_SECONDS = 5
# What is wrong with the warehouse, as pages say it.
AWAY = "The warehouse at {place} does not answer. `make up` starts it, or `make dashboard` the demo's."
REFUSED = "The warehouse at {place} refuses bi_reader: the password in .env is not the server's."
EMPTY = "Nothing is published yet: `make demo`, or `make run` where Airflow is up, brings the first star."
COPYING = "The star is being copied from the warehouse. That takes seconds; this page then loads by itself."
NO_STAR = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidSchemaName,
    errors.InsufficientPrivilege,
)


@dataclass(frozen=True)
class State:
    """The star that pages show, how fresh it is, and what is wrong since when."""

    star: Star | None = None
    health: Health | None = None
    events: tuple[Event, ...] = ()
    problem: str | None = COPYING
    since: datetime | None = None


class Publications:
    """Follows the warehouse. `state` is replaced as a whole: a page takes it once, and shows one version."""

    def __init__(self, settings: Settings, definitions: Definitions | None = None) -> None:
        self.state = State()
        self._settings = settings
        self._definitions = definitions or read_definitions()
        self._ended = threading.Event()

    def follow(self) -> None:
        """Look for publications until `end` is called."""
        while not self._ended.is_set():
            self.refresh()
            self._ended.wait(EVERY_SECONDS)

    def end(self) -> None:
        """End `follow` at its next look."""
        self._ended.set()

    def refresh(self) -> None:
        """Look once, and copy what is newer. What goes wrong is said by the state and the log."""
        try:
            with closing(self._connect()) as connection:
                self.state = self._look(connection)
        except NO_STAR:
            self._failed(EMPTY)
        except psycopg2.OperationalError as error:
            self._failed(REFUSED if libpq.is_wrong_login(error) else AWAY, error)
        except psycopg2.Error as error:
            self._failed(f"The star cannot be copied: {str(error).strip()}", error)
        except (duckdb.Error, OSError) as error:
            # As where the disk is full.
            self._failed(f"The copy of the star cannot be written: {str(error).strip()}", error)

    def _connect(self) -> Connection:
        connection = libpq.connect(**self._settings.warehouse, connect_timeout=CONNECT_SECONDS)
        connection.set_session(readonly=True)
        return connection

    def _look(self, connection: Connection) -> State:
        """Return what readers see now: the state that is there, unless something is newer."""
        old = self.state
        with transaction(connection) as cursor:
            health = read_health(cursor)
        if old.problem is None and health == old.health:
            return old
        if health.version is None:
            raise errors.UndefinedTable("no publication yet")
        star = old.star
        if star is None or star.version != health.version:
            star, health = self._copy(connection)
        with transaction(connection) as cursor:
            events = tuple(all_events(cursor, f"{TRUSTED}.data_events"))
        return State(star, health, events, problem=None)

    def _copy(self, connection: Connection) -> tuple[Star, Health]:
        folder, begun = Path(tempfile.mkdtemp(prefix="star-")), time.monotonic()
        path = folder / "star.duckdb"
        try:
            health = copy_star(connection, self._definitions, path)
            size = path.stat().st_size / 1e6
            star = Star(path, self._definitions, health.version)
            # DuckDB keeps it open: a process that is killed leaves no copy behind.
            path.unlink()
        except BaseException:
            shutil.rmtree(folder)
            raise
        # What answers put there for want of memory; whoever still shows the star needs it.
        weakref.finalize(star, shutil.rmtree, folder, ignore_errors=True)
        seconds = time.monotonic() - begun
        log.info("Copied version %s of the star: %.0f MB in %.1f s", star.version, size, seconds)
        return star, health

    def _failed(self, problem: str, error: Exception | None = None) -> None:
        """Say what is wrong. The copy that is there is shown on."""
        problem = problem.format(place=self._settings.place)
        if problem != self.state.problem:
            log.warning("%s%s", problem, f" ({str(error).strip()})" if error else "")
        since = self.state.since or datetime.now(UTC)
        self.state = State(self.state.star, self.state.health, self.state.events, problem, since)
