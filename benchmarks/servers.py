"""The source and the warehouse of a measurement: started for it, forgotten after it."""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from psycopg2.extensions import connection as Connection
from pymongo import MongoClient
from pymongo.database import Database

from include import embedded, libpq
from include.embedded.postgres import connect_as_admin
from include.embedded.processes import pid_of
from include.logins import find_login
from include.schema.ddl import create_source_tables, create_warehouse_tables

SERVERS = {"app": "SOURCE", "elt_reader": "SOURCE", "elt_loader": "WAREHOUSE", "dbt_transformer": "WAREHOUSE"}


@dataclass
class Cost:
    """Seconds on the clock, and of processors."""

    clock: float = 0
    processor: float = 0

    def of(self, other: "Cost") -> "Cost":
        """Return how many times the other it is."""
        return Cost(self.clock / other.clock, self.processor / other.processor)

    def remark(self, limit: "Cost | None" = None) -> str:
        """Return the processors' seconds, and how many times the limit it is, for people."""
        used = f"{self.processor:8.2f} s of processors"
        return f"{used}  {self.of(limit)} x" if limit else used

    def __str__(self) -> str:
        return f"{self.clock:.2f} and {self.processor:.2f}"


def median(costs: Iterable[Cost]) -> Cost:
    """Return the median of the clock beside that of the processors."""
    clocks, processors = zip(*((cost.clock, cost.processor) for cost in costs), strict=True)
    return Cost(statistics.median(clocks), statistics.median(processors))


@dataclass(frozen=True)
class Servers:
    """The settings of a source and a warehouse that were started for this run."""

    env: Mapping[str, str]
    home: Path

    def login(self, role: str) -> dict[str, str]:
        """Return the role's login in the variables of libpq."""
        return find_login(SERVERS[role], role).libpq_variables(self.env)

    def parameters(self, role: str) -> dict[str, str]:
        """Return the role's login as psycopg2 takes it."""
        return find_login(SERVERS[role], role).parameters(self.env)

    def connect(self, role: str) -> Connection:
        return libpq.connect(**self.parameters(role))

    def catalogue(self, user: str) -> Database:
        """Return the source's database in MongoDB."""
        return MongoClient(self.catalogue_url(user)).get_default_database()

    def url(self, role: str) -> str:
        """Return the role's login as other programs want it; its password is made of hexadecimal digits."""
        # Plain servers on loopback: no TLS to ask for.
        url = "postgresql://{user}:{password}@{host}:{port}/{dbname}?sslmode=disable"
        return url.format(**self.parameters(role))

    def catalogue_url(self, user: str) -> str:
        """Return the user's login to the source's database in MongoDB, as other programs want it."""
        name, password = self.env["MONGO_DB"], self.env[find_login("MONGO", user).secret]
        place = f"127.0.0.1:{self.env['MONGO_PORT']}/{name}"
        return f"mongodb://{user}:{password}@{place}?authSource={name}&directConnection=true"

    def measure(self, function: Callable, *arguments: object) -> tuple[Cost, object]:
        """Call the function after a checkpoint; return what it cost, and what it returned."""
        self.checkpoint()
        with self.cost() as cost:
            result = function(*arguments)
        return cost, result

    def checkpoint(self) -> None:
        """Write out what a phase left in memory, so that the next one does not pay for it.

        After it each changed page goes into the log whole, as it does on the first load of a day.
        """
        port, database = int(self.env["WAREHOUSE_PORT"]), self.env["WAREHOUSE_DB"]
        with closing(connect_as_admin(self.env, port, database)) as connection:
            connection.autocommit = True
            connection.cursor().execute("checkpoint")

    @contextmanager
    def cost(self) -> Iterator[Cost]:
        """Measure the block: its `clock`, and its `processor`, of the servers, this program, and its own."""
        cost = Cost()
        clock, processor = time.perf_counter(), self._processor_seconds()
        yield cost
        cost.clock, cost.processor = time.perf_counter() - clock, self._processor_seconds() - processor

    def _processor_seconds(self) -> float:
        """Return what the servers and this program have used so far, with processes that have ended."""
        servers = [psutil.Process(pid_of(self.home / f"{name}.pid")) for name in ("postgres", "mongo")]
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = time.process_time() + ended.ru_utime + ended.ru_stime
        while True:
            before = [server.cpu_times()[2:4] for server in servers]
            try:
                running = sum(sum(child.cpu_times()[:2]) for server in servers for child in server.children())
            except psutil.NoSuchProcess:
                continue
            used = [server.cpu_times() for server in servers]
            # When a process ends, its parent gets its seconds: one that ended meanwhile would count twice.
            if [times[2:4] for times in used] == before:
                return ours + running + sum(sum(times[:4]) for times in used)

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
        started = Servers(embedded.start(home, home / ".env"), home)
        with closing(started.connect("app")) as source, closing(started.connect("elt_loader")) as warehouse:
            create_source_tables(source)
            create_warehouse_tables(warehouse)
        yield started
    finally:
        embedded.reset(home)
