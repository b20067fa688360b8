"""How long something takes, and how much memory it took: the clock, the line on the screen."""

import resource
import sys
import time
from collections.abc import Callable


def seconds(function: Callable, *arguments: object) -> tuple[float, object]:
    """Call the function; return how long it took, and what it returned."""
    begun = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begun, result


def say(what: str, duration: float, rows: int, remark: str = "") -> None:
    """Print one measurement."""
    print(f"{what:20} {duration:8.2f} s {rows / duration:12,.0f} rows/s  {remark}", flush=True)


def peak_memory() -> float:
    """Return the most memory that this process has held, in megabytes."""
    # In kilobytes, except on macOS.
    unit = 1 << (20 if sys.platform == "darwin" else 10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
