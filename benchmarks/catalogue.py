"""Measure a catalogue, MongoDB -> raw, against a scan of it and against the script that one writes first.

Data flow: documents of films and series -> the collection of a source of its own -> raw, in turns. The scan
reads every document and decodes it. The plain script, and sling where it is on PATH, keep each one whole, in
one column.
Run by `make bench` and `make bench-catalogue`; DOCUMENTS and ROUNDS in the environment. Prints a table, and
adds a line to catalogue_results.md.
"""

import io
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import bson
from bson import json_util

from benchmarks import others
from benchmarks.measuring import add_line, asked, peak_memory, say
from benchmarks.servers import Cost, Servers, median, servers
from include.extract_load import load_collection
from include.run import Batch, Run
from include.schema.mongo import create_collection
from include.tables import SOURCES_BY_NAME

CONTENT = SOURCES_BY_NAME["content"]
RESULTS = Path(__file__).with_name("catalogue_results.md")
PIECE = 1000
RAW = [table.raw for table in CONTENT.raw_tables]
EMPTY = f"truncate {', '.join(f'raw.{name}' for name in RAW)}; delete from ops.watermarks"
PLAIN = """
drop table if exists raw.plain, raw.sling_content;
create table raw.plain (content_id text primary key, document jsonb)
"""
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


def sling(where: Servers) -> int:
    """Copy every document with sling, whole, into one column; return how many."""
    command = others.sling(f"{where.env['MONGO_DB']}.content", "raw.sling_content")
    others.run(command, where.catalogue_url("elt_reader"), where.url("elt_loader"))
    return where.run("elt_loader", "select count(*) from raw.sling_content")[0][0]


def measure(where: Servers, what: Callable[[Servers], int], expected: int) -> Cost:
    """Return what it cost; it has to count as many documents as expected."""
    cost, found = where.measure(what, where)
    assert found == expected
    return cost


def one_round(where: Servers, size: int) -> dict[str, Cost]:
    """Measure everything once."""
    where.run("elt_loader", EMPTY)
    where.run("elt_loader", PLAIN)
    found = {"first load": measure(where, load, size), "nothing changed": measure(where, load, 0)}
    change(where, size)
    found["1 %, newest"] = measure(where, load, size // 100)
    settle(where, size)
    scanned = measure(where, scan, size)
    found["plain script"] = measure(where, plain, size)
    if shutil.which("sling"):
        found["sling"] = measure(where, sling, size)
    say("scan", scanned.clock, size, scanned.remark())
    for name, cost in found.items():
        say(name, cost.clock, size, f"{cost.remark(scanned)} the scan")
    return {name: cost.of(scanned) for name, cost in found.items()} | {"scan": scanned}


def main() -> None:
    size, rounds = asked("DOCUMENTS", 200_000), asked("ROUNDS", 5)
    with servers() as where:
        fill(where, size)
        load(where)
        # Of this process: later on the plain script has everything in memory.
        peak = peak_memory()
        print(f"the loader's memory: at most {peak:.0f} MB")
        found = [one_round(where, size) for _ in range(rounds)]
        version = where.run("elt_loader", "show server_version")[0][0]
    medians = {name: median(one[name] for one in found) for name in found[0]}
    names = ("scan", "first load", "nothing changed", "1 %, newest", "plain script", "sling")
    cells = [f"{datetime.now(UTC):%Y-%m-%d}", f"{size:,}", str(rounds)]
    cells += [str(medians.get(name, "-")) for name in names]
    cells += [f"{peak:.0f}", f"PostgreSQL {version}, Python {platform.python_version()}"]
    add_line(RESULTS, *cells)


if __name__ == "__main__":
    main()
