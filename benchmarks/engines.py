"""Measure the engines: one star by PostgreSQL, by Sail on Delta tables, by Spark on Iceberg tables.

Data flow: star_raw.sql -> raw -> for each engine a first `dbt build`, with all data tests, in processes of
its own: PostgreSQL in the warehouse, Sail after raw was landed and merged, Spark on a master and two workers.
Run by `make bench-engines`; SIZE, and ENGINES=postgres,sail,spark in the environment. Prints, and adds a line
for each to engines_results.md. Linux only.
"""

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import psutil

from benchmarks.measuring import add_line, asked
from benchmarks.servers import Cost, Servers, servers
from include.dbt import BUILD, FULL_REFRESH, run_dbt
from include.embedded.postgres import psql
from include.embedded.processes import pid_of
from include.environment import ROOT, connections
from include.inherited import inherited

RESULTS = Path(__file__).with_name("engines_results.md")
RAW = Path(__file__).with_name("star_raw.sql")
LOOK_SECONDS = 0.5
# As much as a worker of lakehouse/spark/cluster.py has.
EXECUTOR_MEMORY = "2g"
# PR_SET_CHILD_SUBREAPER of prctl(2): what loses its parent becomes ours, and its seconds count.
BECOME_SUBREAPER = 36


def postgres(where: Servers) -> None:
    """Build the star in the warehouse."""
    run_dbt(*BUILD, FULL_REFRESH, settings=connections(where.env), work_dir=where.home)


def sail(where: Servers) -> None:
    """Land raw, merge it into silver, and build the star as Delta tables."""
    settings = {"LAKE": str(where.home / "lake")}
    run(where, "lake", "lakehouse", "load", **settings)
    run(where, "lake", "lakehouse.gold", *BUILD, **settings)


def spark(where: Servers) -> None:
    """Start a cluster, build the star as Iceberg tables, stop it."""
    settings = {"LAKE": str(where.home / "iceberg"), "SPARK_EXECUTOR_MEMORY": EXECUTOR_MEMORY}
    run(where, "spark", "lakehouse.spark", *BUILD, **settings)


ENGINES: Mapping[str, Callable[[Servers], None]] = {"postgres": postgres, "sail": sail, "spark": spark}
# What of cli/setup they run in.
LOCKS = {"sail": "lake", "spark": "spark"}


def run(where: Servers, lock: str, module: str, *arguments: str, **settings: str) -> None:
    """Run a module in the venv of a lock to its end; fail with what it printed last."""
    before = psutil.Process().children()
    paths = {"DBT_TARGET_PATH": f"{where.home}/target", "DBT_LOG_PATH": f"{where.home}/logs"}
    done = subprocess.run(
        [ROOT / f".venv-{lock}" / "bin" / "python", "-W", "ignore", "-m", module, *arguments],
        env=inherited() | connections(where.env) | paths | settings,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    # PySpark leaves its JVM, which ends by itself, and then counts as ours.
    psutil.wait_procs(set(psutil.Process().children()) - set(before))


@contextmanager
def peak(where: Servers) -> Iterator[list[float]]:
    """Yield a list to which is added the most memory, in megabytes, that all held during the block."""
    looked, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            looked[0] = max(looked[0], memory(where))

    looker = threading.Thread(target=look)
    looker.start()
    found: list[float] = []
    try:
        yield found
    finally:
        ended.set()
        looker.join()
        found.append(looked[0])


def memory(where: Servers) -> float:
    """Return the memory of PostgreSQL and of what runs beside it; what is shared counts once."""
    idle = psutil.Process(pid_of(where.home / "mongo.pid"))
    server = psutil.Process(pid_of(where.home / "postgres.pid"))
    used = 0
    for process in {server, *server.children(), *psutil.Process().children(recursive=True)} - {idle}:
        with suppress(psutil.NoSuchProcess):
            used += process.memory_full_info().pss
    return used / (1 << 20)


def measure(where: Servers, build: Callable[[Servers], None]) -> tuple[Cost, float]:
    """Build once; return what it cost, and its most memory in megabytes."""
    with peak(where) as found:
        cost, _ = where.measure(build, where)
    return cost, found[0]


def asked_engines() -> list[str]:
    """Return the engines that somebody named, else all. Ends the program with a sentence for others."""
    names = (os.environ.get("ENGINES") or ",".join(ENGINES)).split(",")
    if others := set(names) - set(ENGINES):
        sys.exit(f"ENGINES must be some of {','.join(ENGINES)}, not {','.join(sorted(others))}")
    return names


def main() -> None:
    size, names = asked("SIZE", 2_000_000), asked_engines()
    for lock in (LOCKS[name] for name in names if name in LOCKS):
        subprocess.run([ROOT / "cli" / "setup", lock], check=True)
    ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1)
    with servers() as where:
        script = ["-qv", "ON_ERROR_STOP=1", "-v", f"sessions={size}", "-f", str(RAW)]
        psql(script, where.login("elt_loader")).check_returncode()
        where.run("elt_loader", "analyze")
        for name in names:
            cost, megabytes = measure(where, ENGINES[name])
            each = f"{cost.processor / size * 1e6:.1f}"
            figures = [f"{cost.clock:.1f}", f"{cost.processor:.1f}", each, f"{megabytes:.0f}"]
            add_line(RESULTS, f"{date.today()}", f"{size:,}", name, *figures)


if __name__ == "__main__":
    main()
