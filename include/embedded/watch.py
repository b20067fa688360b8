"""Supervision: a thread looks at every process that a command depends on, and names the one that died.

Data flow: PID files -> a look every LOOK_SECONDS -> the dead one's name and the end of its log; it is started
again once, and the command goes on. One that dies again, or cannot be started, ends the command. One that a
signal stopped is named, and left to whoever stopped it.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from include.embedded.processes import end_of, how_it_ended, is_running, is_stopped, pid_of
from include.errors import EmbeddedServerError
from include.waiting import announced, uninterrupted

log = logging.getLogger(__name__)

LOOK_SECONDS = 2
LOG_LINES = 5


@dataclass(frozen=True)
class Part:
    """A process that a command depends on. `restart` raises EmbeddedServerError where it cannot be had."""

    name: str
    pid_file: Path
    log_file: Path
    restart: Callable[[], None] | None


class PartDiedError(EmbeddedServerError):
    """A process that the command depends on died and is not started again; the message says what to do."""


@contextmanager
def watched(parts: Sequence[Part], remedy: str) -> Iterator[None]:
    """Watch the parts during the block, which is interrupted when one is gone for good: PartDiedError.

    Parts come in the order in which one needs the other. To be used in the main thread, with SIGINT raising
    KeyboardInterrupt. `remedy` says what to do then.
    """
    watch = _Watch(parts, remedy)
    watch.start()
    try:
        yield
    except KeyboardInterrupt:
        if watch.error is None:
            raise
        raise watch.error from None
    except Exception:
        # It may follow from a death that no look has found yet.
        watch.explain()
        if watch.error is None:
            raise
        raise watch.error from None
    finally:
        watch.end()


def names_of_stopped(parts: Iterable[Part]) -> str:
    """Return the parts that a signal stopped and how they go on, a sentence each; nothing for none."""
    found = [(part.name, pid_of(part.pid_file)) for part in parts if is_stopped(part.pid_file)]
    return " ".join(f"{name} stands still: `kill -CONT {number}` lets it go on." for name, number in found)


class _Watch(threading.Thread):
    def __init__(self, parts: Sequence[Part], remedy: str) -> None:
        super().__init__(daemon=True)
        self.error: PartDiedError | None = None
        self._parts, self._remedy = parts, remedy
        self._restarted: set[str] = set()
        self._stopped = ""
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._look()
            if self.error:
                # A real signal: it wakes whatever the main thread waits in.
                if not self._ended.is_set():
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                return

    def _look(self) -> None:
        """Start again what died, and name what is stopped; set `error` where the command cannot go on."""
        for part in self._parts:
            if self.error is None and not self._ended.is_set() and not is_running(part.pid_file):
                self._tend(part)
        before, self._stopped = self._stopped, names_of_stopped(self._parts)
        if self._stopped not in ("", before):
            log.warning("%s", self._stopped)

    def explain(self) -> None:
        """End the watch, and set `error` where something is dead."""
        self.end()
        dead = [part for part in self._parts if not is_running(part.pid_file)]
        if dead and self.error is None:
            self._give_up(dead[0])

    def end(self) -> None:
        """End the watch; a restart that is under way is completed first."""
        with uninterrupted(), announced("what is being started again"):
            self._ended.set()
            self.join()

    def _tend(self, part: Part) -> None:
        if part.restart is None or part.name in self._restarted:
            self._give_up(part)
            return
        self._restarted.add(part.name)
        log.warning("\n%s\n%s is to be started again; then the run goes on.", said_of(part), part.name)
        try:
            part.restart()
        except (EmbeddedServerError, psycopg2.Error, OSError) as error:
            self.error = PartDiedError(f"{part.name} cannot be started again: {error}\n{self._remedy}")

    def _give_up(self, part: Part) -> None:
        again = " It had been started again once." if part.name in self._restarted else ""
        self.error = PartDiedError(f"{said_of(part)}\n{part.name} is gone.{again} {self._remedy}")


def said_of(part: Part) -> str:
    """Return how a part ended, and the end of its log."""
    return f"{part.name} stopped{how_it_ended(part.pid_file)}. {end_of(part.log_file, LOG_LINES)}"
