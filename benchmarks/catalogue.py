"""Measure a catalogue, MongoDB -> raw, against a scan of it and against the script that one writes first.

Data flow: documents of films and series -> the collection of a source of its own -> raw, in turns. The scan
reads every document and decodes it. The plain script keeps each document whole, in one column, with its key.
Run by `make bench-catalogue`; SIZE (documents) and ROUNDS in the environment. Prints a table, adds a line to
catalogue_results.md.
"""

import io
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import bson
from bson import json_util

from benchmarks.measuring import asked, peak_memory
from benchmarks.servers import Servers, servers
from include.extract_load import load_collection
from include.run import Batch, Run
from include.schema.mongo import create_collection
from include.tables import SOURCES_BY_NAME

CONTENT = SOURCES_BY_NAME["content"]
RESULTS = Path(__file__).with_name("catalogue_results.md")
PIECE = 1000
# Seconds on the clock, and of processors.
Measured = tuple[float, float]
RAW = [table.raw for table in CONTENT.raw_tables]
EMPTY = f"truncate {', '.join(f'raw.{name}' for name in RAW)}; delete from ops.watermarks"
PLAIN = "drop table if exists raw.plain; create table raw.plain (content_id text primary key, document jsonb)"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def documents(size: int, stamp: datetime) -> Iterator[dict[str, object]]:
    """Yield films and series by turns, as the platform seeds them."""
    for number in range(size):
        common = {"title": f"The Hollow Island {number}", "genre": ["Drama", "Family"], "rating": 8.6}
        stamps = {"production_budget": 5_900_000, "created_at": stamp, "updated_at": stamp}
        if number % 2:
            film = {"duration_minutes": 120, "release_year": 2020, "views_count": number}
            yield {"content_id": f"M{number:07}", "content_type": "movie", **common, **film, **stamps}
        else:
            show = {
                "seasons": 2,
                "episodes_per_season": [10, 8],
                "avg_episode_duration": 50.5,
                "total_views": 9,
            }
            yield {"content_id": f"S{number:07}", "content_type": "series", **common, **show, **stamps}


def fill(where: Servers, size: int) -> None:
    """Fill the source's collection; stamped a day ago, so that no load reads it again."""
    source = where.catalogue("app")
    create_collection(source, CONTENT)
    found, stamp = documents(size, datetime.now(UTC) - timedelta(days=1)), datetime.now(UTC)
    while piece := list(islice(found, PIECE)):
        source.content.insert_many(piece, bypass_document_validation=True)
    print(f"{size:,} documents in {(datetime.now(UTC) - stamp).total_seconds():.0f} s", flush=True)


def scan(where: Servers) -> int:
    """Read and decode every document; return how many."""
    batches = where.catalogue("elt_reader").content.find_raw_batches()
    return sum(1 for batch in batches for _ in bson.decode_iter(batch))


def plain(where: Servers) -> int:
    """Copy every document as the shortest script does; return how many."""
    lines = io.StringIO()
    for document in where.catalogue("elt_reader").content.find():
        text = json_util.dumps(document).translate(ESCAPES)
        lines.write(f"{document['content_id']}\t{text}\n")
    lines.seek(0)
    with closing(where.connect("elt_loader")) as warehouse, warehouse, warehouse.cursor() as cursor:
        cursor.copy_expert("copy raw.plain from stdin", lines)
        return cursor.rowcount


def load(where: Servers) -> int:
    """Load the collection as the pipeline does; return how many documents came."""
    run = Run(Batch(f"{datetime.now(UTC)}", date(2024, 9, 1)))
    with closing(where.connect("elt_loader")) as warehouse:
        loads = load_collection(where.catalogue("elt_reader"), warehouse, CONTENT, run)
    return sum(found.read for found in loads if found.table in ("mongo_movies", "mongo_series"))


def change(where: Servers, size: int) -> None:
    """Change the newest 1 % of the documents, which the next load reads."""
    changes = {"$inc": {"views_count": 1}, "$set": {"updated_at": datetime.now(UTC)}}
    where.catalogue("app").content.update_many(_newest(size), changes)


def settle(where: Servers, size: int) -> None:
    """Stamp what was changed a day ago."""
    stamp = {"$set": {"updated_at": datetime.now(UTC) - timedelta(days=1)}}
    where.catalogue("app").content.update_many(_newest(size), stamp)


def _newest(size: int) -> dict[str, object]:
    return {"content_id": {"$gte": f"M{size * 98 // 100:07}", "$lt": "N"}}


def measure(where: Servers, what: Callable[[Servers], int], expected: int) -> Measured:
    """Return the seconds on the clock, and those of processors: of the servers and of this program."""
    where.checkpoint()
    with where.cost() as cost:
        assert what(where) == expected
    return cost.clock, cost.processor


def one_round(where: Servers, size: int) -> dict[str, Measured]:
    """Measure everything once; the plain script last, since it has all documents in memory."""
    where.run("elt_loader", EMPTY)
    where.run("elt_loader", PLAIN)
    found = {"scan": measure(where, scan, size), "first load": measure(where, load, size)}
    found["nothing changed"] = measure(where, load, 0)
    change(where, size)
    found["1 %, newest"] = measure(where, load, size // 100)
    settle(where, size)
    peak = peak_memory()
    found["plain script"] = measure(where, plain, size)
    for name, (clock, processor) in found.items():
        by_clock, by_processor = _ratios(found[name], found["scan"])
        ratios = f"{by_clock:6.2f} and {by_processor:.2f} scans"
        print(f"{name:16} {clock:7.2f} s {processor:7.2f} s of processors {ratios}")
    print(f"the loader's memory, so far at most {peak:.0f} MB", flush=True)
    return found


def main() -> None:
    size, rounds = asked("SIZE", 50_000), asked("ROUNDS", 5)
    with servers() as where:
        fill(where, size)
        found = [one_round(where, size) for _ in range(rounds)]
        version = where.run("elt_loader", "show server_version")[0][0]
    scans = _medians(one["scan"] for one in found)
    names = [name for name in found[0] if name != "scan"]
    ratios = [_medians(_ratios(one[name], one["scan"]) for one in found) for name in names]
    versions = f"PostgreSQL {version}, Python {platform.python_version()}"
    cells = [f"{datetime.now(UTC):%Y-%m-%d}", f"{size:,}", str(rounds), scans, *ratios, versions]
    with RESULTS.open("a") as results:
        results.write(f"| {' | '.join(cells)} |\n")


def _ratios(measured: Measured, limit: Measured) -> Measured:
    return measured[0] / limit[0], measured[1] / limit[1]


def _medians(found: Iterable[Measured]) -> str:
    clocks, processors = zip(*found, strict=True)
    return f"{statistics.median(clocks):.2f} and {statistics.median(processors):.2f}"


if __name__ == "__main__":
    main()
