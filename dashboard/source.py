"""What publishes the star that pages show: the warehouse or the lake, each in a module of its own."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from dashboard.health import Health
from dashboard.live import Live
from include.metrics import Definitions
from include.why.events import Event


class NotReadableError(Exception):
    """There is no star to show at the source. The message is for readers; the cause, if any, for the log."""


class Reader(Protocol):
    """Reads what is published. What goes wrong raises the errors of the library that reads."""

    def health(self) -> Health:
        """Return what is published now; its version changes when that does."""

    def copy(self, definitions: Definitions, path: Path) -> Health:
        """Write a new DuckDB file with the star of one publication; return that one's health."""

    def events(self) -> tuple[Event, ...]:
        """Return what happened to the data."""

    def live(self) -> Live | None:
        """Return what devices report now; None where none does."""


class Source(Protocol):
    """A place where a star is published."""

    def reader(self) -> AbstractContextManager[Reader]:
        """Open it for one look. Raises NotReadableError, also for what goes wrong meanwhile."""
