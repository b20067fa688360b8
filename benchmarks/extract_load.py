"""Measure extraction and load against the wire: `psql | psql`, binary COPY into a table with the same key.

Data flow: generate_series -> public.viewing_sessions of a source of its own -> baseline and raw, in turns.
The baseline is the source's ten columns and the primary key: no stamps, no second index, no log of the load.
Run by `make bench`; SIZE and ROUNDS in the environment. Prints a table, adds a line to results.md.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from include import embedded
from include.ddl import create_source_tables, create_warehouse_tables
from include.embedded.postgres import BIN
from include.extract_load import load_table
from include.load_log import Batch, Load
from include.tables import VIEWING_SESSIONS

RESULTS = Path(__file__).with_name("results.md")
# Role -> the server's prefix in the settings, and the setting with the role's password.
LOGINS = {
    "app": ("SOURCE", "SOURCE_APP_PASSWORD"),
    "elt_reader": ("SOURCE", "SOURCE_READER_PASSWORD"),
    "elt_loader": ("WAREHOUSE", "ELT_LOADER_PASSWORD"),
}
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
CHANGE = """
update public.viewing_sessions set completion_percentage = (completion_percentage + 1) % 100
where hashtext(session_id) % 100 = 0
"""
BASELINE = """
drop table if exists raw.baseline;
create table raw.baseline (like raw.postgres_viewing_sessions);
alter table raw.baseline drop _batch_id, drop _as_of, drop _loaded_at, drop _deleted_at;
alter table raw.baseline add primary key (session_id)
"""


@dataclass(frozen=True)
class Servers:
    """The settings of a source and a warehouse that were started for this run."""

    env: Mapping[str, str]

    def login(self, role: str) -> dict[str, str]:
        """Return the role's login in the variables of libpq."""
        server, secret = LOGINS[role]
        place = {f"PG{name}": self.env[f"{server}_{name}"] for name in ("HOST", "PORT")}
        return {
            **place,
            "PGDATABASE": self.env[f"{server}_DB"],
            "PGUSER": role,
            "PGPASSWORD": self.env[secret],
        }

    def connect(self, role: str) -> Connection:
        names = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user"}
        names["PGPASSWORD"] = "password"
        return psycopg2.connect(**{names[name]: value for name, value in self.login(role).items()})

    def run(self, role: str, sql: str, *parameters: object) -> list[tuple]:
        """Run one statement in its own connection, outside any transaction; return its rows."""
        with closing(self.connect(role)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall() if cursor.description else []


@contextmanager
def servers() -> Iterator[Servers]:
    """Start servers in a temporary folder, with empty tables; forget them at the end."""
    home = Path(tempfile.mkdtemp(prefix="streaming-bench-"))
    try:
        started = Servers(embedded.start(home, home / ".env"))
        with closing(started.connect("app")) as source, closing(started.connect("elt_loader")) as warehouse:
            create_source_tables(source)
            create_warehouse_tables(warehouse)
        yield started
    finally:
        embedded.reset(home)


def seconds(function: Callable, *arguments: object) -> tuple[float, object]:
    """Call the function; return how long it took, and what it returned."""
    begun = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begun, result


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
        return load_table(source, warehouse, VIEWING_SESSIONS, batch)[0]


def compare_full_loads(where: Servers, size: int, rounds: int) -> tuple[float, float]:
    """Return the seconds of the baseline and of the first load, in the round of the median ratio."""
    measured = []
    for number in range(rounds):
        where.run("elt_loader", BASELINE)
        baseline, _ = seconds(copy_with_psql, where)
        (copied,) = where.run("elt_loader", "select count(*) from raw.baseline")[0]
        where.run("elt_loader", "drop table raw.baseline")
        where.run("elt_loader", "truncate raw.postgres_viewing_sessions; delete from ops.watermarks")
        full, loaded = seconds(load, where, f"full {number}")
        assert copied == loaded.read == loaded.inserted == size
        say("psql | psql", baseline, size)
        say("first load", full, size, f"{full / baseline:.2f} x psql")
        measured.append((full / baseline, baseline, full))
    ratio = statistics.median_low(ratio for ratio, _, _ in measured)
    return next(pair for found, *pair in measured if found == ratio)


def say(what: str, duration: float, rows: int, remark: str = "") -> None:
    print(f"{what:20} {duration:8.2f} s {rows / duration:12,.0f} rows/s  {remark}", flush=True)


def main() -> None:
    size, rounds = int(os.environ.get("SIZE") or 2_000_000), int(os.environ.get("ROUNDS") or 3)
    with servers() as where:
        say("fill the source", seconds(where.run, "app", FILL, size)[0], size)
        where.run("app", "vacuum (analyze) public.viewing_sessions")
        # What autovacuum would do at its own moments is done between the measurements.
        baseline, full = compare_full_loads(where, size, rounds)
        where.run("elt_loader", "vacuum (analyze) raw.postgres_viewing_sessions")
        nothing, idle = seconds(load, where, "nothing changed")
        assert (idle.read, idle.deleted) == (0, 0)
        say("nothing changed", nothing, size)
        where.run("app", CHANGE)
        part, changed = seconds(load, where, "1 % changed")
        assert changed.updated == changed.read > 0
        say("1 % changed", part, changed.read, f"{part / full:.1%} of the first load")
        version = where.run("elt_loader", "show server_version")[0][0]
    # In kilobytes, except on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << (20 if sys.platform == "darwin" else 10)
    )
    print(f"peak memory of the loader: {peak:.0f} MB")
    record(size, baseline, full, nothing, part, peak, version)


def record(
    size: int, baseline: float, full: float, nothing: float, part: float, peak: float, version: str
) -> None:
    """Append one line to results.md."""
    versions = f"PostgreSQL {version}, Python {platform.python_version()}"
    with RESULTS.open("a") as results:
        results.write(
            f"| {datetime.now(UTC):%Y-%m-%d} | {size:,} | {baseline:.2f} | {full:.2f} |"
            f" {full / baseline:.2f} | {nothing:.2f} | {part:.2f} | {part / full:.1%} |"
            f" {size / full:,.0f} | {peak:.0f} | {os.cpu_count()} | {versions} |\n"
        )


if __name__ == "__main__":
    main()
