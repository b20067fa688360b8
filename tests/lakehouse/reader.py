"""A reader of the lake beside a test: a process that asks one question again and again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.environment import ROOT
from lakehouse.lake import Lake

# Asks until it is told to stop, and writes what it saw.
READER = """
import sys, time
from pathlib import Path
from lakehouse.lake import Lake
from lakehouse.query import ask
from lakehouse.settings import LakeSettings

root, stop, query, pause = sys.argv[1:]
while not Path(stop).exists():
    _, seen = ask(Lake(LakeSettings(root, 30, {})), query)
    print(*seen, flush=True)
    time.sleep(float(pause))
"""


@contextmanager
def reading(lake: Lake, query: str, stop: Path, pause: float = 0) -> Iterator[list[list[str]]]:
    """Ask a lake in a folder during the block, with pauses of so many seconds.

    The list has the answers, a row each, when the block has ended; `stop` is a file that is not there yet.
    """
    command = [sys.executable, "-c", READER, lake.settings.root, str(stop), query, str(pause)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as reader:
        answers = [reader.stdout.readline().split()]
        try:
            yield answers
        finally:
            stop.touch()
        answers += [line.split() for line in reader.stdout]
    assert reader.returncode == 0
