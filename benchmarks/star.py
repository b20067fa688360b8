"""Measure the star: a full `dbt build` against the plain SQL, a day's increment, a report's queries.

Data flow: star_raw.sql -> raw -> dbt build --full-refresh -> the same tables by psql, one after another
-> directquery.sql as bi_reader -> star_next_day.sql -> dbt build -> what a run without news does.
Run by `make bench-star`; SIZE and ROUNDS in the environment, EVERYWHERE=1 for a day whose corrections are of
all times. Prints, and adds a line to star_results.md.
"""

import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.measuring import add_line, asked
from cli.warehouse import connect
from include import embedded
from include.dbt import BUILD, CODE_VARIABLE, RAW_VARIABLE, code_checksum, run_dbt
from include.embedded.postgres import psql
from include.environment import connections
from include.logins import find_login
from include.ops.load_runs import state_of_raw
from include.publish.unchanged import unchanged_star
from include.schema.ddl import create_warehouse_tables

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "star_results.md"
QUERY = re.compile(r"^-- query: (.+)\n((?:(?!-- query:).*\n)+)", re.MULTILINE)
DIRECTQUERY_LIMIT_MS = 200
# Nothing is published here, but a run without news keeps what was.
PUBLICATION = """
insert into ops.publications (action, version, batch_id, invocation_id, seconds, row_counts, checksums)
values ('publish', 1, 'first', 'first', 0, '{}', '{}')
"""


@dataclass(frozen=True)
class Warehouse:
    """An empty warehouse that was started for this measurement, and where dbt writes its artefacts."""

    env: Mapping[str, str]
    home: Path

    def run(self, role: str, sql: str) -> None:
        """Run one statement in a connection of its own, outside of any transaction."""
        with connect(self.env, role) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(sql)

    def psql(self, role: str, *arguments: str) -> None:
        """Run psql to its end; fail with what it said."""
        login = find_login("WAREHOUSE", role).libpq_variables(self.env)
        done = psql(["-qv", "ON_ERROR_STOP=1", *arguments], login, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"psql {' '.join(arguments)}: {done.stderr.strip()}")

    def state_of_raw(self) -> str:
        """Return the state of raw, which dbt notes in the star's marker."""
        with connect(self.env, "elt_loader") as loader, loader.cursor() as cursor:
            return state_of_raw(cursor)

    def processor_seconds(self) -> float:
        """Return what all ended processes used, of the server's and of ours."""
        server = psutil.Process(int((self.home / "postgres.pid").read_text().split()[0])).cpu_times()
        ours = os.times()
        return server.children_user + server.children_system + ours.children_user + ours.children_system

    def dbt(self, *command: str) -> list[dict]:
        """Run dbt in a process of its own, as the DAG does; return its results."""
        # Nobody else reads this star: it is built where the report's queries look.
        options = ("--vars", "trusted_schema: trusted")
        marked = {CODE_VARIABLE: code_checksum(), RAW_VARIABLE: self.state_of_raw()}
        settings = connections(self.env) | marked
        target = run_dbt(*command, *options, settings=settings, work_dir=self.home)
        return json.loads((target / "run_results.json").read_text())["results"]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of processors: the database's processes and the client together."""

    clock: float
    processor: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.clock + other.clock, self.processor + other.processor)

    def __str__(self) -> str:
        return f"{self.clock:8.2f} s {self.processor:8.2f} cpu s"


@contextmanager
def measured(where: Warehouse) -> Iterator[list[Cost]]:
    """Yield a list to which the cost of the block is added at its end.

    Other work on the machine stretches the clock's seconds, hardly the processors'.
    """
    costs: list[Cost] = []
    begun, used = time.perf_counter(), where.processor_seconds()
    yield costs
    elapsed = time.perf_counter() - begun
    # The server counts a process when it has ended, a moment after its client.
    time.sleep(0.3)
    costs.append(Cost(elapsed, where.processor_seconds() - used))


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    """Start servers in a temporary folder, with empty tables; forget them at the end."""
    home = Path(tempfile.mkdtemp(prefix="streaming-star-"))
    try:
        started = Warehouse(embedded.start(home, home / ".env"), home)
        with connect(started.env, "elt_loader") as loader:
            create_warehouse_tables(loader)
        yield started
    finally:
        embedded.reset(home)


def build(where: Warehouse, what: str, *options: str) -> Cost:
    """Run `dbt build` as the DAG does; return its cost, process start included, and say what took longest."""
    with measured(where) as costs:
        results = where.dbt(*BUILD, *options)
    kinds: dict[str, float] = {}
    for result in results:
        kind = result["unique_id"].partition(".")[0]
        kinds[kind] = kinds.get(kind, 0.0) + result["execution_time"]
    print(f"{what:24} {costs[0]}  ", {kind: round(spent, 1) for kind, spent in kinds.items()})
    for result in sorted(results, key=lambda r: r["execution_time"], reverse=True)[:12]:
        print(f"    {result['execution_time']:8.2f} s  {result['unique_id']}")
    return costs[0]


def keep_star(where: Warehouse) -> Cost:
    """Do what a run does that brought nothing new: ask, and leave the star as it is; return the cost."""
    where.run("dbt_transformer", PUBLICATION)
    own = time.process_time()
    with measured(where) as costs:
        with connect(where.env, "elt_loader") as loader, loader.cursor() as cursor:
            kept = unchanged_star(cursor)
        own = time.process_time() - own
    if kept is None:
        raise RuntimeError("The run would have built the star again")
    cost = costs[0] + Cost(0, own)
    print(f"{'nothing changed: kept':24} {cost}")
    return cost


def build_with_psql(where: Warehouse) -> Cost:
    """Make each table of the star again, one by one, by the compiled SQL alone; return the cost of all."""
    where.dbt("compile", "--full-refresh")
    manifest = json.loads((where.home / "target" / "manifest.json").read_text())
    where.run("postgres", "create schema plain authorization dbt_transformer")
    total = Cost(0, 0)
    for model in manifest["nodes"].values():
        if model["resource_type"] != "model" or model["fqn"][1] not in ("totals", "trusted"):
            continue
        script = where.home / "plain.sql"
        script.write_text(f"create table plain.{model['name']} as\n{model['compiled_code']};\n")
        with measured(where) as costs:
            where.psql("dbt_transformer", "-f", str(script))
        print(f"    {costs[0]}  {model['name']}")
        total += costs[0]
    where.run("postgres", "drop schema plain cascade")
    print(f"{'plain SQL':24} {total}")
    return total


def ask(env: Mapping[str, str], rounds: int) -> float:
    """Send a report page's queries as bi_reader; return the slowest one's median milliseconds."""
    medians = {}
    with connect(env, "bi_reader") as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for name, sql in QUERY.findall((FOLDER / "directquery.sql").read_text()):
            times = []
            for _ in range(rounds):
                begun = time.perf_counter()
                cursor.execute(sql)
                rows = cursor.fetchall()
                times.append((time.perf_counter() - begun) * 1000)
            medians[name] = statistics.median(times)
            late = "  slow" if medians[name] > DIRECTQUERY_LIMIT_MS else ""
            print(f"    {medians[name]:8.1f} ms {len(rows):7,} rows  {name}{late}")
    return max(medians.values())


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 5)
    with warehouse() as where:
        where.psql("elt_loader", "-v", f"sessions={size}", "-f", str(FOLDER / "star_raw.sql"))
        where.run("postgres", "vacuum (analyze)")
        full = build(where, "full build", "--full-refresh")
        plain = build_with_psql(where)
        print("queries")
        slowest = ask(where.env, rounds)
        everywhere = ["-v", "everywhere=1"] if os.environ.get("EVERYWHERE") else []
        where.psql("elt_loader", *everywhere, "-f", str(FOLDER / "star_next_day.sql"))
        day = build(where, "next day, 1 %")
        build(where, "nothing changed: built")
        idle = keep_star(where)
    record(size, plain, full, day, idle, slowest)


def record(size: int, plain: Cost, full: Cost, day: Cost, idle: Cost, slowest: float) -> None:
    """Say the ratios, and append one line to star_results.md."""
    ratios = [
        f"{one.clock / other.clock:.2f} | {one.processor / other.processor:.2f}"
        for one, other in ((full, plain), (day, full), (idle, full))
    ]
    seconds = [f"{cost.clock:.1f} | {cost.processor:.1f}" for cost in (plain, full, day, idle)]
    add_line(RESULTS, f"{datetime.now(UTC):%Y-%m-%d}", f"{size:,}", *seconds, *ratios, f"{slowest:.0f}")


if __name__ == "__main__":
    main()
