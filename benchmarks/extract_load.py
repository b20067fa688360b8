"""Measure extraction and load against the wire, seeding against COPY, and other programs on the same table.

Data flow: generate_series -> public.viewing_sessions of a source of its own -> baseline and raw, in turns.
The baseline is `psql | psql`, binary COPY of the source's ten columns into a table with the same primary
key: no stamps, no second index, no log of the load. The administrator writes a checkpoint before each
measurement, so that none pays for the one before it. Beside the clock stand the seconds of processors: of the
servers, the loader, and psql.
Run by `make bench`; SIZE and ROUNDS in the environment. Prints a table, adds a line to results.md.
"""

import os
import platform
import subprocess
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks import others, reconcile, seed
from benchmarks.measuring import add_line, asked, peak_memory, say, seconds
from benchmarks.servers import Cost, Servers, median, servers
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
# Each round begins with a source as it was filled: its rows in their order, their changes a day old, which a
# load does not read again.
SETTLE = """
alter table public.viewing_sessions disable trigger touch_updated_at;
update public.viewing_sessions set updated_at = now() - interval '1 day'
where updated_at > now() - interval '12 hours';
alter table public.viewing_sessions enable trigger touch_updated_at
"""
VACUUM = {
    "app": "vacuum (analyze) public.viewing_sessions",
    "elt_loader": "vacuum (analyze) raw.postgres_viewing_sessions",
}
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


def one_round(where: Servers, size: int) -> dict[str, Cost]:
    """Measure the baseline, the first load, and loads that find nothing or 1 % changed."""
    where.run("elt_loader", BASELINE)
    baseline, _ = where.measure(copy_with_psql, where)
    (copied,) = where.run("elt_loader", "select count(*) from raw.baseline")[0]
    where.run("elt_loader", "drop table raw.baseline")
    where.run("elt_loader", "truncate raw.postgres_viewing_sessions; delete from ops.watermarks")
    full, loaded = where.measure(load, where, "full")
    assert copied == loaded.read == loaded.inserted == size
    # What autovacuum would do at its own moments is done between the measurements.
    where.run("elt_loader", VACUUM["elt_loader"])
    nothing, idle = where.measure(load, where, "nothing")
    assert (idle.read, idle.deleted) == (0, 0)
    # The last minute's changes are read again: what is changed first is measured alone.
    latest = change(where, "latest", LATEST)
    scattered = change(where, "scattered", SCATTERED)
    where.run("app", SETTLE)
    where.run("app", "cluster public.viewing_sessions using viewing_sessions_pkey")
    where.run("app", VACUUM["app"])
    costs = {"psql": baseline, "full": full, "nothing": nothing, "latest": latest, "scattered": scattered}
    say("psql | psql", baseline.clock, size, baseline.remark())
    say("first load", full.clock, size, f"{full.remark(baseline)} psql")
    for name in ("nothing", "latest", "scattered"):
        say(f"{name} changed", costs[name].clock, size, f"{costs[name].remark(full)} the first load")
    return costs


def change(where: Servers, what: str, statement: str) -> Cost:
    """Change one row in a hundred, load, and return the cost of the load."""
    where.run("app", statement)
    cost, changed = where.measure(load, where, what)
    assert changed.updated > 0 == changed.inserted == changed.deleted
    return cost


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 5)
    with servers() as where:
        say("fill the source", seconds(where.run, "app", FILL, size)[0], size)
        where.run("app", VACUUM["app"])
        found = [one_round(where, size) for _ in range(rounds)]
        peak = peak_memory()
        print(f"peak memory of the loader: {peak:.0f} MB")
        foreign = others.compare(where, size, median(one["psql"] for one in found).clock)
        comparing = reconcile.compare(where, size)
        seeding = seed.compare(where, size)
        version = where.run("elt_loader", "show server_version")[0][0]
    costs = [median(one[name] for one in found) for name in found[0]]
    ratios = [median(one["full"].of(one["psql"]) for one in found)]
    ratios += [
        median(one[name].of(one["full"]) for one in found) for name in ("nothing", "latest", "scattered")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    add_line(
        RESULTS,
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{size:,}",
        str(rounds),
        *map(str, (*costs, *ratios, *seeding)),
        *(f"{value:.2f}" for value in comparing),
        foreign,
        f"{peak:.0f}",
        f"{os.cpu_count()} cores, {memory:.0f} GB",
        f"PostgreSQL {version}, Python {platform.python_version()}",
    )


if __name__ == "__main__":
    main()
