"""Measure extraction and load against the wire, seeding against COPY, and other programs on the same table.

Data flow: generate_series -> public.viewing_sessions of a source of its own -> baseline and raw, in turns.
The baseline is `psql | psql`, binary COPY of the source's ten columns into a table with the same primary
key: no stamps, no second index, no log of the load. The administrator writes a checkpoint before each
measurement, so that none pays for the one before it.
Run by `make bench`; SIZE and ROUNDS in the environment. Prints a table, adds a line to results.md.
"""

import os
import platform
import statistics
import subprocess
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks import others, reconcile, seed
from benchmarks.measuring import asked, peak_memory, say, seconds
from benchmarks.servers import Servers, servers
from include.embedded.postgres import BIN
from include.extract_load import load_table
from include.ops.load_runs import Load
from include.run import Batch, Run
from include.tables import SOURCES_BY_NAME

VIEWING_SESSIONS = SOURCES_BY_NAME["viewing_sessions"]
RESULTS = Path(__file__).with_name("results.md")
# Stamped a day ago: what is read again is the overlap of a settled table, not the filling itself.
FILL = """
insert into public.viewing_sessions
select
    'S' || lpad(n::text, 9, '0'),
    'U' || lpad((hashint8(n) & 65535)::text, 6, '0'),
    (array['M', 'S'])[1 + n %% 2] || lpad((n %% 500)::text, 3, '0'),
    date '2024-01-01' + (n %% 365)::integer,
    round((n %% 1800) / 10.0, 1),
    round((n %% 1001) / 10.0, 1),
    (array['Mobile', 'Smart TV', 'Desktop', 'Tablet', 'Gaming Console'])[1 + n %% 5],
    (array['SD', 'HD', '4K'])[1 + n %% 3],
    now() - interval '1 day',
    now() - interval '1 day'
from generate_series(1, %s::bigint) as n
"""
# The usual day: what was watched last is what changes. The hard one: a row here and there, on most pages.
LATEST = """
update public.viewing_sessions set completion_percentage = (completion_percentage + 1) % 100
where session_id > (
    select 'S' || lpad((count(*) * 99 / 100)::text, 9, '0') from public.viewing_sessions
)
"""
SCATTERED = """
update public.viewing_sessions set completion_percentage = (completion_percentage + 1) % 100
where hashtext(session_id) % 100 = 0
"""
BASELINE = """
drop table if exists raw.baseline;
create table raw.baseline (like raw.postgres_viewing_sessions);
alter table raw.baseline drop _batch_id, drop _as_of, drop _loaded_at, drop _deleted_at;
alter table raw.baseline add primary key (session_id)
"""


def copy_with_psql(where: Servers) -> None:
    """Copy the source's table into the empty baseline table through a shell's pipe."""
    psql = [str(BIN / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-c"]
    read = [*psql, "copy public.viewing_sessions to stdout (format binary)"]
    write = [*psql, "copy raw.baseline from stdin (format binary)"]
    with subprocess.Popen(read, env=os.environ | where.login("elt_reader"), stdout=subprocess.PIPE) as reader:
        subprocess.run(write, env=os.environ | where.login("elt_loader"), stdin=reader.stdout, check=True)
    if reader.returncode:
        raise subprocess.CalledProcessError(reader.returncode, read)


def load(where: Servers, batch_id: str) -> Load:
    """Load the table as the pipeline does, connections included."""
    batch = Batch(batch_id, date(2024, 9, 1))
    with closing(where.connect("elt_reader")) as source, closing(where.connect("elt_loader")) as warehouse:
        return load_table(source, warehouse, VIEWING_SESSIONS, Run(batch))[0]


def compare_full_loads(where: Servers, size: int, rounds: int) -> tuple[float, float]:
    """Return the seconds of the baseline and of the first load, in the round of the median ratio."""
    measured = []
    for number in range(rounds):
        where.run("elt_loader", BASELINE)
        where.checkpoint()
        baseline, _ = seconds(copy_with_psql, where)
        (copied,) = where.run("elt_loader", "select count(*) from raw.baseline")[0]
        where.run("elt_loader", "drop table raw.baseline")
        where.checkpoint()
        where.run("elt_loader", "truncate raw.postgres_viewing_sessions; delete from ops.watermarks")
        full, loaded = seconds(load, where, f"full {number}")
        assert copied == loaded.read == loaded.inserted == size
        say("psql | psql", baseline, size)
        say("first load", full, size, f"{full / baseline:.2f} x psql")
        measured.append((full / baseline, baseline, full))
    ratio = statistics.median_low(ratio for ratio, _, _ in measured)
    return next(pair for found, *pair in measured if found == ratio)


def change(where: Servers, what: str, statement: str, full: float) -> float:
    """Change one row in a hundred, load, and return the seconds of the load."""
    where.run("app", statement)
    where.checkpoint()
    part, changed = seconds(load, where, what)
    assert changed.updated > 0 == changed.inserted == changed.deleted
    say(f"1 %, {what}", part, changed.updated, f"{part / full:.1%} of the first load")
    return part


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 3)
    with servers() as where:
        say("fill the source", seconds(where.run, "app", FILL, size)[0], size)
        where.run("app", "vacuum (analyze) public.viewing_sessions")
        # What autovacuum would do at its own moments is done between the measurements.
        baseline, full = compare_full_loads(where, size, rounds)
        where.run("elt_loader", "vacuum (analyze) raw.postgres_viewing_sessions")
        nothing, idle = seconds(load, where, "nothing changed")
        assert (idle.read, idle.deleted) == (0, 0)
        say("nothing changed", nothing, size)
        # The last minute's changes are read again: what is changed first is measured alone.
        latest = change(where, "latest", LATEST, full)
        scattered = change(where, "scattered", SCATTERED, full)
        peak = peak_memory()
        print(f"peak memory of the loader: {peak:.0f} MB")
        foreign = others.compare(where, size, baseline)
        comparing = reconcile.compare(where, size)
        seeding = seed.compare(where, size)
        version = where.run("elt_loader", "show server_version")[0][0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    record(
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{size:,}",
        *(f"{value:.2f}" for value in (baseline, full, full / baseline, nothing, scattered, latest)),
        *(f"{value:.2f}" for value in (*(cost.clock for cost in seeding), *comparing)),
        foreign,
        f"{peak:.0f}",
        f"{os.cpu_count()} cores, {memory:.0f} GB",
        f"PostgreSQL {version}, Python {platform.python_version()}",
    )


def record(*cells: str) -> None:
    """Append one line to results.md."""
    with RESULTS.open("a") as results:
        results.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
