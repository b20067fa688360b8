"""Measure how the pipeline grows: runs of several sizes, end to end, and the day after.

Data flow: for each size servers of its own -> a first run -> the same star into the two other copies -> a run
some days later, with 1 % more sessions. Each stage is a process of its own, as a task is. Users grow with the
sessions, as they do by the generator's own defaults: 40 sessions a user; the catalogue stays.
Run by `make bench-scale`; SIZES in the environment. Prints, and adds lines to scale_results.md.
"""

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import psutil

from benchmarks.measuring import add_line, asked_several, peak_memory
from benchmarks.servers import Cost, Servers, servers
from benchmarks.stages import STAGES, Day, Stage, build, publish_star, seed
from include.embedded.processes import pid_of
from include.generate import ANCHOR, Size
from include.run import Batch
from include.schema.mongo import create_collection
from include.settings import read_settings
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES

RESULTS = Path(__file__).with_name("scale_results.md")
SIZES = "500000 2000000 5000000 10000000"
# What larger sizes are compared with.
BASE = 2_000_000
# So many days bring 1 % more sessions.
LATER = ANCHOR + timedelta(days=4)
LOOK_SECONDS = 0.1
# A load reads the last minute before the one before it again: on a usual day not all that the source has.
OVERLAP_SECONDS = 1 + max(table.overlap for table in PLAYED_TABLES).total_seconds()


@dataclass(frozen=True)
class Measured:
    """What a stage took; its client's and the largest server process's most memory, in megabytes."""

    cost: Cost
    client: float
    remark: str
    backend: float


def measure(stage: Stage, day: Day) -> Measured:
    """Run the stage in a process of its own, after a checkpoint."""
    day.where.checkpoint()
    backend = 0.0
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        running = pool.submit(_run, stage, day)
        while not running.done():
            backend = max(backend, _largest_backend(day.where))
            time.sleep(LOOK_SECONDS)
        return Measured(*running.result(), backend)


def _run(stage: Stage, day: Day) -> tuple[Cost, float, str]:
    """Return the stage's cost, the most memory that this process or one of its own held, the remark."""
    with day.where.cost() as cost:
        remark = stage(day)
    memory = max(peak_memory(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return cost, memory, remark or "-"


def _largest_backend(where: Servers) -> float:
    """Return the memory of the largest process of PostgreSQL, without what all share, in megabytes."""
    sizes = [0]
    for process in psutil.Process(pid_of(where.home / "postgres.pid")).children():
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            # Known on Linux only.
            sizes.append(memory.rss - getattr(memory, "shared", 0))
    return max(sizes) / (1 << 20)


def runs(where: Servers, size: int) -> Iterator[tuple[str, Measured]]:
    """Run the pipeline twice; yield what each stage took."""
    users = size * Size.users // Size.sessions
    sizes = {"GENERATE_SESSIONS": f"{size}", "GENERATE_USERS": f"{users}"}
    settings = read_settings({"DATA_ROOT": str(where.home / "data"), **sizes})
    for collection in PLAYED_COLLECTIONS:
        create_collection(where.catalogue("app"), collection)
    for name, as_of in (("first", ANCHOR), ("day", LATER)):
        day = Day(where, settings, Batch(name, as_of))
        found = []
        for stage, function in STAGES.items():
            found.append(measure(function, day))
            yield f"{name}: {stage}", found[-1]
            if name == "first" and function is seed:
                time.sleep(OVERLAP_SECONDS)
        yield f"{name}: all", _total(found)
        if name == "first":
            _fill_other_copies(day)


def _total(found: Sequence[Measured]) -> Measured:
    """Return what all stages took, and the most memory that one of them did."""
    cost = Cost(sum(one.cost.clock for one in found), sum(one.cost.processor for one in found))
    return Measured(cost, max(one.client for one in found), "-", max(one.backend for one in found))


def _fill_other_copies(day: Day) -> None:
    """Build the star into its two other copies: from the fourth run on, a run updates what is in its copy."""
    for number in (2, 3):
        again = Day(day.where, day.settings, Batch(f"copy {number}", day.batch.as_of))
        build(again)
        publish_star(again)


def record(size: int, stage: str, found: Measured, base: Measured | None) -> None:
    """Print the stage, and add a line to scale_results.md."""
    cost = found.cost
    growth = ["-", "-"]
    if base:
        ratio = cost.of(base.cost)
        growth = [f"{times * BASE / size:.2f}" for times in (ratio.clock, ratio.processor)]
    seconds = [f"{cost.clock:.1f}", f"{cost.processor:.1f}", f"{cost.processor / size * 1e6:.2f}"]
    memory = [f"{found.client:.0f}", f"{found.backend:.0f}"]
    cells = [f"{date.today()}", f"{size:,}", stage, *seconds, *memory, *growth, found.remark]
    add_line(RESULTS, *cells)


def main() -> None:
    bases: dict[str, Measured] = {}
    for size in asked_several("SIZES", SIZES):
        with servers() as where:
            for stage, found in runs(where, size):
                record(size, stage, found, bases.get(stage))
                if size == BASE:
                    bases[stage] = found


if __name__ == "__main__":
    main()
