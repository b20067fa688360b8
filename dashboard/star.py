"""One publication, copied: it answers questions for metrics, each once."""

import re
import threading
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import duckdb

from include.metrics import Definitions, Question, ask
from include.metrics.formats import named

PARAMETER = re.compile(r"%\((\w+)\)s")
# Of the memory that an answer takes; what is more goes to disk.
LIMITS = {"memory_limit": "512MB"}
# Answers that are kept; a page asks some thirty.
MOST_KEPT = 2000


class _Cursor:
    """A cursor of DuckDB that takes parameters as psycopg2's does."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection.cursor()
        self.fetchall, self.fetchone = self._connection.fetchall, self._connection.fetchone

    @property
    def description(self) -> list[tuple]:
        return self._connection.description

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        # DuckDB refuses a value that nothing names.
        used = {name: parameters[name] for name in PARAMETER.findall(sql)}
        self._connection.execute(PARAMETER.sub(r"$\1", sql), used or None)


class Star:
    """A copy of what readers see. Answers are kept: the copy never changes."""

    def __init__(self, path: Path, definitions: Definitions, version: int) -> None:
        self.definitions, self.version = definitions, version
        self._connection = duckdb.connect(str(path), read_only=True, config=LIMITS)
        self._kept: dict[object, object] = {}
        self._lock = threading.Lock()

    def ask(self, question: Question) -> list[dict[str, object]]:
        """Return the answer's rows as `include.metrics.ask` does. Raises MetricError as it does."""
        return self.kept(question, lambda: self.ask_once(question))

    def ask_once(self, question: Question) -> list[dict[str, object]]:
        """Do the same, and keep nothing: for lists of sessions, which are long."""
        return ask(self.cursor(), self.definitions, question)

    def cursor(self) -> _Cursor:
        """Return a cursor of this thread's own."""
        with self._lock:
            return _Cursor(self._connection)

    def kept(self, key: object, make: Callable[[], object]) -> object:
        """Return what `make` made of the key before, or makes now."""
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = make()
        return self._kept[key]

    def members(self, field: str) -> list[str]:
        """Return the values of a field that sessions have, as conditions name them."""
        metric = "genre_sessions" if field == "genre" else "sessions"
        rows = self.ask(Question((metric,), (field,)))
        return [named(field, row[field]) for row in rows if row[field] is not None]

    def days(self) -> tuple[date, date] | None:
        """Return the first and the last day with sessions; None where there are none."""
        rows = self.ask(Question(("sessions",), ("day",)))
        return (rows[0]["day"], rows[-1]["day"]) if rows else None
