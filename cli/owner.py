"""The commands that own this clone's data, such as `make demo` and `make ui`, and `make run` beside."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from cli import LOCAL, airflow
from include import embedded
from include.embedded import lock
from include.embedded.processes import START_SECONDS, is_running, stop_process
from include.embedded.watch import watched
from include.errors import EmbeddedServerError
from include.waiting import announced

# An owner sees within seconds what died, and starts it with this patience.
OWNER_SECONDS = START_SECONDS + 30
# Beside databases and Airflow.
OWNED = ("inbox", "dashboard", "dagster", "live-produce", "live-windows", "live-consume", "kafka")


@contextmanager
def owned(command: str) -> Iterator[None]:
    """Own the clone's data during the block. Raises InUseError while another command does.

    What runs here and has no owner is what a killed command left behind: it is stopped first.
    """
    with lock.owned(LOCAL, command):
        with announced("what a killed command left running to stop"):
            for name in OWNED:
                stop_process(LOCAL / f"{name}.pid")
            airflow.stop(LOCAL)
            embedded.stop(LOCAL)
        yield


def supervised_beside_owner(env: Mapping[str, str], remedy: str) -> AbstractContextManager[None]:
    """Watch the servers of the command that owns the clone, which starts again what dies."""
    parts = [*embedded.parts(LOCAL, env), *airflow.parts(LOCAL)]
    started = [part for part in parts if part.pid_file.exists()]
    beside = [replace(part, restart=partial(_wait_for_owner, part.pid_file)) for part in started]
    return watched(beside, remedy)


def _wait_for_owner(pid_file: Path) -> None:
    """Wait until the owner has started the process again. Raises EmbeddedServerError when it does not."""
    deadline = time.monotonic() + OWNER_SECONDS
    while not is_running(pid_file):
        owner = lock.owner_of(LOCAL)
        if owner is None:
            raise EmbeddedServerError("the command that ran it has ended")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"{owner} did not do it in {OWNER_SECONDS} s")
        time.sleep(0.5)
