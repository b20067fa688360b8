"""Keep a copy of what readers see: look for a newer publication, copy it, and only then let pages show it."""

import logging
import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dashboard.health import Health
from dashboard.live import Live
from dashboard.source import NotReadableError, Reader, Source
from dashboard.star import Star
from include.metrics import Definitions, read_definitions
from include.why.events import Event

log = logging.getLogger(__name__)

EVERY_SECONDS = 5
# As pages say it.
COPYING = "The star is being copied. That takes seconds; this page then loads by itself."


@dataclass(frozen=True)
class State:
    """The star that pages show, how fresh it is, whether devices report, and what is wrong since when."""

    star: Star | None = None
    health: Health | None = None
    events: tuple[Event, ...] = ()
    problem: str | None = COPYING
    since: datetime | None = None
    is_live: bool = False


class Publications:
    """Follows a source. `state` is replaced as a whole: a page takes it once, and shows one version."""

    def __init__(self, source: Source, definitions: Definitions | None = None) -> None:
        self.state = State()
        self._source = source
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
            with self._source.reader() as reader:
                self.state = self._look(reader)
        except NotReadableError as error:
            self._failed(str(error), error.__cause__)
        except (duckdb.Error, OSError) as error:
            # As where the disk is full.
            self._failed(f"The copy of the star cannot be written: {str(error).strip()}", error)

    def live(self) -> Live | None:
        """Return what devices report now, asked of the source. Raises NotReadableError."""
        with self._source.reader() as reader:
            return reader.live()

    def _look(self, reader: Reader) -> State:
        """Return what readers see now: the state that is there, unless something is newer."""
        old, health, is_live = self.state, reader.health(), reader.live() is not None
        if old.problem is None and (health, is_live) == (old.health, old.is_live):
            return old
        star = old.star
        if star is None or star.version != health.version:
            star, health = self._copy(reader)
        return State(star, health, reader.events(), problem=None, is_live=is_live)

    def _copy(self, reader: Reader) -> tuple[Star, Health]:
        folder, begun = Path(tempfile.mkdtemp(prefix="star-")), time.monotonic()
        path = folder / "star.duckdb"
        try:
            health = reader.copy(self._definitions, path)
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

    def _failed(self, problem: str, error: BaseException | None) -> None:
        """Say what is wrong. The copy that is there is shown on."""
        if problem != self.state.problem:
            log.warning("%s%s", problem, f" ({str(error).strip()})" if error else "")
        since = self.state.since or datetime.now(UTC)
        self.state = replace(self.state, problem=problem, since=since)
