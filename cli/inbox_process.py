"""The process that watches the inbox beside `make ui` (`cli/inbox.py`)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from include.embedded.processes import remember, spawn, stop_process
from include.embedded.watch import Part, watched
from include.environment import ROOT
from include.waiting import uninterrupted

REMEDY = "Start the command again: what is in the inbox starts then."


@contextmanager
def inbox(home: Path, url: str) -> Iterator[None]:
    """Watch the inbox during the block, for the Airflow at the URL; the process is started again once.

    Raises PartDiedError when it is gone for good.
    """
    part = Part("The inbox", home / "inbox.pid", home / "inbox.log", partial(_start, home, url))
    try:
        part.restart()
        with watched([part], REMEDY):
            yield
    finally:
        with uninterrupted():
            stop(home)


def stop(home: Path) -> None:
    """Stop the process, also one that a killed command left behind."""
    stop_process(home / "inbox.pid")


def _start(home: Path, url: str) -> None:
    # It reads .env itself, and listens at no port.
    process = spawn([sys.executable, "-m", "cli.inbox", url], home / "inbox.log", folder=ROOT)
    remember(home / "inbox.pid", process, port=0)
