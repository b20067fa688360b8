"""The inbox: in which folders there are sets, which are ready, and what people are told of the others.

A set is ready when its files stay as they are for a while, and are whole. Only memory holds what was seen.
"""

import errno
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cli import CommandError
from cli.file_sets import IncompleteSetError, Look, copy_set, look_at, refuse_missing

log = logging.getLogger(__name__)

# Whoever writes pauses for less. A set starts within a minute of its last byte.
QUIET_SECONDS = 20
# Until people are told of a set that does not become whole, and until one is taken that is new in part only.
PATIENCE_SECONDS = 300
RETRY_SECONDS = 10
REPEAT_SECONDS = 600


@dataclass
class _Seen:
    """A folder's files as they look since a moment; `fault` says why they are no whole set."""

    look: Look
    since: float
    fault: str = ""
    copy: Path | None = None
    is_done: bool = False
    not_before: float = 0


@dataclass
class Inbox:
    """The inbox: a set is in the folder itself, or in a folder in it.

    `start` starts the run of a copy, told where that comes from; it returns False when there was one, and
    raises CommandError when there can be none now.
    """

    folder: Path
    copies: Path
    start: Callable[[Path, str], bool]
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, _Seen] = field(default_factory=dict)
    _taken: dict[Path, Look] = field(default_factory=dict)
    _said: dict[str, tuple[str, float]] = field(default_factory=dict)

    def look(self) -> None:
        """Look at each folder once, and start what is ready."""
        try:
            # A hidden folder is some program's, such as one that still copies.
            folders = [path for path in self.folder.iterdir() if path.is_dir() and path.name[0] != "."]
        except OSError as error:
            self._say(self.folder.name, _words(error))
            return
        for folder in (self.folder, *sorted(folders)):
            self._look_at(folder)

    def _look_at(self, folder: Path) -> None:
        name = str(folder.relative_to(self.folder.parent))
        try:
            seen = self._noticed(folder, look_at(folder))
            if seen.look and self.clock() >= seen.not_before:
                self._tend(folder, name, seen)
        except OSError as error:
            self._say(name, _words(error))
            self._pause(folder)
        except CommandError as error:
            self._say(name, f"its run starts when Airflow takes it. {error}")
            self._pause(folder)

    def _noticed(self, folder: Path, look: Look) -> _Seen:
        """Return what is known of a folder that looks so: nothing, when it looked otherwise before."""
        if folder not in self._seen or self._seen[folder].look != look:
            self._seen[folder] = _Seen(look, self.clock())
        return self._seen[folder]

    def _tend(self, folder: Path, name: str, seen: _Seen) -> None:
        """Start the run of a set that is whole and quiet; tell people when it does not become so."""
        quiet = self.clock() - seen.since
        if seen.is_done or quiet < self._quiet_seconds(folder, seen.look):
            return
        if not seen.fault:
            self._take(folder, name, seen)
        if seen.fault and quiet >= PATIENCE_SECONDS:
            self._say(name, f"no run starts, for {seen.fault}")

    def _quiet_seconds(self, folder: Path, look: Look) -> int:
        """Return how long a set must stay as it is: longer when some files are those of the set before.

        Somebody may be replacing them one after the other.
        """
        before = self._taken.get(folder, {})
        is_mixed = any(before.get(name) == file for name, file in look.items())
        return PATIENCE_SECONDS if is_mixed else QUIET_SECONDS

    def _take(self, folder: Path, name: str, seen: _Seen) -> None:
        """Copy the set and start its run, or note its fault. Raises OSError and CommandError."""
        try:
            refuse_missing(seen.look)
            if seen.copy is None or not seen.copy.exists():
                seen.copy = copy_set(folder, seen.look, self.copies)
        except IncompleteSetError as error:
            seen.fault = str(error)
            return
        is_new = self.start(seen.copy, name)
        seen.is_done, self._taken[folder] = True, seen.look
        run = f"run {run_id_of(seen.copy)}"
        self._say(name, f"{run} is started" if is_new else f"these files had their run already, {run}")

    def _pause(self, folder: Path) -> None:
        if folder in self._seen:
            self._seen[folder].not_before = self.clock() + RETRY_SECONDS

    def _say(self, name: str, message: str) -> None:
        """Write a line to the log, but not the same again and again."""
        said, when = self._said.get(name, ("", 0))
        if message != said or self.clock() - when >= REPEAT_SECONDS:
            self._said[name] = message, self.clock()
            log.info("%s: %s", name, message)


def _words(error: OSError) -> str:
    """Return what happened to a file, and what helps where this user may not read it."""
    remedy = ". To let it be read: chmod -R a+rX inbox" if error.errno == errno.EACCES else ""
    return f"{Path(error.filename or 'copy').name}: {error.strerror}{remedy}"


def run_id_of(copy: Path) -> str:
    """Return the id of the run that brings the copy of a set."""
    return f"inbox__{copy.name}"
