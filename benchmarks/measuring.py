"""How long something takes, and how much memory it took: the clock, the line on the screen."""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


def asked(name: str, default: int) -> int:
    """Return the whole number, from 1 up, that somebody gave make under this name, else the default.

    Ends the program with a sentence for anything else.
    """
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text)):
        sys.exit(f"{name} must be a whole number from 1 up, as {name}={default}, not {text!r}")
    return int(text)


def asked_several(name: str, default: str) -> list[int]:
    """Return the whole numbers, from 1 up, that somebody gave make under this name, else the default's.

    Ends the program with a sentence for anything else.
    """
    text = os.environ.get(name) or default
    words = text.split()
    if not words or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        sys.exit(f"{name} must be whole numbers from 1 up, as {name}='{default}', not {text!r}")
    return [int(word) for word in words]


def seconds(function: Callable, *arguments: object) -> tuple[float, object]:
    """Call the function; return how long it took, and what it returned."""
    begun = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begun, result


def say(what: str, duration: float, rows: int, remark: str = "") -> None:
    """Print one measurement."""
    print(f"{what:20} {duration:8.2f} s {rows / duration:12,.0f} rows/s  {remark}", flush=True)


def peak_memory(whose: int = resource.RUSAGE_SELF) -> float:
    """Return the most memory that this process has held, or one that it waited for, in megabytes."""
    # In kilobytes, except on macOS.
    unit = 1 << (20 if sys.platform == "darwin" else 10)
    return resource.getrusage(whose).ru_maxrss / unit


def add_line(results: Path, *cells: str) -> None:
    """Print a line of a table, and append it to the file of results."""
    line = f"| {' | '.join(cells)} |"
    print(line, flush=True)
    with results.open("a") as file:
        file.write(f"{line}\n")
