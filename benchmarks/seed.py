"""Measure seeding, CSV -> source with every check, against COPY of the same file into an equal table."""

import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

from benchmarks.measuring import say
from benchmarks.servers import Cost, Servers, median
from include.ops.load_runs import Load
from include.run import Batch, Run
from include.seed import seed_table
from include.tables import SOURCES_BY_NAME

VIEWING_SESSIONS = SOURCES_BY_NAME["viewing_sessions"]
COLUMNS = ", ".join(column.name for column in VIEWING_SESSIONS.file_columns)
# Its keys, checks, stamps and index; the trigger acts on updates only.
EQUAL = """
drop table if exists public.baseline;
create table public.baseline (like public.viewing_sessions including all)
"""
WRITE = f"copy public.viewing_sessions ({COLUMNS}) to stdout (format csv, header)"
READ = f"copy public.baseline ({COLUMNS}) from stdin (format csv, header)"
NAMES = ("COPY of the CSV", "seed the CSV", "seed it again")


def compare(where: Servers, size: int, rounds: int = 5) -> tuple[Cost, Cost, Cost]:
    """Return the cost of COPY, of seeding the same file, and of seeding it again. Empties the source.

    Of several rounds the medians; the printed ratios are medians of those within a round.
    """
    with tempfile.TemporaryDirectory(prefix="streaming-bench-") as folder:
        path = Path(folder) / VIEWING_SESSIONS.file
        _copy(where, WRITE, path, "wb")
        found = [_one_round(where, path, size) for _ in range(rounds)]
    medians = []
    for name, costs in zip(NAMES, zip(*found, strict=True), strict=True):
        medians.append(median(costs))
        ratio = median(cost.of(copied) for cost, (copied, *_) in zip(costs, found, strict=True))
        say(name, medians[-1].clock, size, f"{medians[-1].remark()}  {ratio} x COPY")
    return tuple(medians)


def _one_round(where: Servers, path: Path, size: int) -> tuple[Cost, Cost, Cost]:
    where.run("app", EQUAL)
    copied, _ = where.measure(_copy, where, READ, path, "rb")
    where.run("app", "drop table public.baseline")
    where.run("app", "truncate public.viewing_sessions")
    first, load = where.measure(_seed, where, path.parent)
    assert load.read == load.inserted == size
    where.run("app", "vacuum (analyze) public.viewing_sessions")
    again, load = where.measure(_seed, where, path.parent)
    assert load.read == load.unchanged == size
    return copied, first, again


def _copy(where: Servers, statement: str, path: Path, mode: str) -> None:
    with closing(where.connect("app")) as source, source, source.cursor() as cursor, path.open(mode) as file:
        cursor.copy_expert(statement, file, size=1 << 20)


def _seed(where: Servers, folder: Path) -> Load:
    batch = Batch("seed", date(2024, 9, 1))
    with closing(where.connect("app")) as source, closing(where.connect("elt_loader")) as warehouse:
        return seed_table(source, warehouse, VIEWING_SESSIONS, Run(batch, folder=str(folder)))
