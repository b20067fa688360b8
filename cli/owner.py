"""The commands that own this clone's data while they run: `make demo`, `make ui` and `make reset`."""

from collections.abc import Iterator
from contextlib import contextmanager

from cli import LOCAL, airflow
from include import embedded
from include.embedded import lock


@contextmanager
def owned(command: str) -> Iterator[None]:
    """Own the clone's data during the block. Raises InUseError while another command does.

    What runs here and has no owner is what a killed command left behind: it is stopped first.
    """
    with lock.owned(LOCAL, command):
        airflow.stop(LOCAL)
        embedded.stop(LOCAL)
        yield
