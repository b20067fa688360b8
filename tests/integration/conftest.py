"""A small product and its pipeline on real servers: write files, seed, extract, look at what came of it."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor
from pymongo.database import Database

from include.extract_load import load_collection, load_table
from include.ops.load_runs import Load
from include.run import OWN_FILES, Batch, Run
from include.seed import seed_collection, seed_table
from include.tables import CONTENT, USERS, VIEWING_SESSIONS, PostgresTable

HEADERS = {table.name: ",".join(c.name for c in table.columns) for table in (USERS, VIEWING_SESSIONS)}
EMPTY_SOURCE = "delete from users; delete from viewing_sessions; delete from seed_state"
EMPTY_WAREHOUSE = "; ".join(
    f"delete from {table}"
    for table in (
        "raw.postgres_users",
        "raw.postgres_viewing_sessions",
        "raw.mongo_movies",
        "raw.mongo_series",
        "raw.mongo_content_genres",
        "raw.mongo_series_seasons",
        "ops.load_runs",
        "ops.watermarks",
        "ops.schema_changes",
        "ops.source_figures",
        "ops.reconciliations",
        "quarantine.rejected_rows",
    )
)


@dataclass
class Pipeline:
    """The connections that the tasks of one run hold, and one person who looks at both databases."""

    platform: object
    folder: Path

    @cached_property
    def app(self) -> Connection:
        return self.platform.connect("app")

    @cached_property
    def reader(self) -> Connection:
        return self.platform.connect("elt_reader")

    @cached_property
    def loader(self) -> Connection:
        return self.platform.connect("elt_loader")

    @cached_property
    def product(self) -> Database:
        return self.platform.mongo("app")

    @cached_property
    def catalogue(self) -> Database:
        return self.platform.mongo("elt_reader")

    @cached_property
    def _source_view(self) -> Connection:
        return _autocommit(self.platform.connect("app"))

    @cached_property
    def _warehouse_view(self) -> Connection:
        return _autocommit(self.platform.connect("elt_loader"))

    @cached_property
    def admin(self) -> Connection:
        return _autocommit(self.platform.connect("admin"))

    # Looking and changing things by hand, each statement a transaction of its own.

    def source(self, sql: str, *parameters: object) -> list[dict]:
        return _run(self._source_view, sql, parameters)

    def warehouse(self, sql: str, *parameters: object) -> list[dict]:
        return _run(self._warehouse_view, sql, parameters)

    def source_users(self) -> dict[str, dict]:
        """Return the source's users with their stamps and where each row lies on its page."""
        return {row["user_id"]: row for row in self.source("select *, ctid from users")}

    def raw(self, table: str = "postgres_users") -> dict[object, dict]:
        """Return a raw table by its key, deleted rows included."""
        rows = self.warehouse(f"select * from raw.{table}")
        position = {"mongo_content_genres": "position", "mongo_series_seasons": "season_number"}.get(table)
        if position:
            return {(row["content_id"], row[position]): row for row in rows}
        return {next(iter(row.values())): row for row in rows}

    def documents(self) -> dict[str, dict]:
        return {document["content_id"]: document for document in self.product.content.find()}

    def quarantine(self) -> list[dict]:
        return self.warehouse("select * from quarantine.rejected_rows order by rejected_row_id")

    def load_runs(self) -> list[dict]:
        return self.warehouse("select * from ops.load_runs order by load_run_id")

    def state(self) -> dict[str, object]:
        """Return all that a load can change, for comparison before and after."""
        raw = [name for name in EMPTY_WAREHOUSE.replace("delete from ", "").split("; ") if "raw." in name]
        return {
            "users": self.source("select * from users order by 1"),
            "viewing_sessions": self.source("select * from viewing_sessions order by 1"),
            "seed_state": self.source("select * from seed_state order by 1"),
            "documents": list(self.product.content.find().sort("_id")),
            "document_state": list(self.product.seed_state.find().sort("_id")),
            "watermarks": self.warehouse("select * from ops.watermarks order by 1"),
            "source_figures": self.warehouse("select * from ops.source_figures order by 1, 2"),
            "load_runs": self.load_runs(),
            "quarantine": self.quarantine(),
            **{name: self.warehouse(f"select * from {name} order by 1, 2") for name in raw},
        }

    # Files.

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_csv(self, table: PostgresTable, lines: Sequence[str], header: str | None = None) -> Path:
        return self.write(table.file, "\n".join([header or HEADERS[table.name], *lines]) + "\n")

    def write_content(self, movies: Sequence = (), series: Sequence = ()) -> Path:
        return self.write(CONTENT.file, json.dumps({"movies": list(movies), "series": list(series)}))

    # The four steps of a run.

    def batch(self, batch_id: str = "run 1", as_of: str = "2024-09-01") -> Batch:
        return Batch(batch_id, date.fromisoformat(as_of))

    def seed(
        self, table: PostgresTable = USERS, batch: Batch | None = None, dataset: str = OWN_FILES
    ) -> Load:
        """Seed the table from the file that lies in the folder."""
        batch = batch or self.batch()
        return seed_table(self.app, self.loader, table, Run(batch, folder=str(self.folder), dataset=dataset))

    def seed_users(self, *lines: str, batch: Batch | None = None, dataset: str = OWN_FILES) -> Load:
        self.write_csv(USERS, lines)
        return self.seed(USERS, batch, dataset)

    def seed_sessions(self, *lines: str, batch: Batch | None = None) -> Load:
        self.write_csv(VIEWING_SESSIONS, lines)
        return self.seed(VIEWING_SESSIONS, batch)

    def seed_catalogue(self, batch: Batch | None = None, dataset: str = OWN_FILES) -> Load:
        """Seed the collection from the file that lies in the folder."""
        batch, folder = batch or self.batch(), str(self.folder)
        return seed_collection(self.product, self.loader, CONTENT, Run(batch, folder=folder, dataset=dataset))

    def seed_content(
        self, movies: Sequence = (), series: Sequence = (), *, batch: Batch | None = None
    ) -> Load:
        self.write_content(movies, series)
        return self.seed_catalogue(batch)

    def extract(self, table: PostgresTable = USERS, batch: Batch | None = None) -> Load:
        (load,) = load_table(self.reader, self.loader, table, Run(batch or self.batch()))
        return load

    def extract_content(self, batch: Batch | None = None, collection=CONTENT) -> dict[str, Load]:
        """Extract the collection; return its loads by raw table."""
        loads = load_collection(self.catalogue, self.loader, collection, Run(batch or self.batch()))
        return {load.table: load for load in loads}


@pytest.fixture
def pipeline(warehouse, tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline on the module's databases, emptied."""
    ready = Pipeline(warehouse, tmp_path)
    ready.source(EMPTY_SOURCE)
    ready.warehouse(EMPTY_WAREHOUSE)
    ready.product.content.delete_many({})
    ready.product.seed_state.delete_many({})
    yield ready
    warehouse.close()


@pytest.fixture
def own_pipeline(platform, tmp_path: Path) -> Pipeline:
    """A pipeline on databases of its own, for a test that changes how they are built."""
    return Pipeline(platform, tmp_path)


def _autocommit(connection: Connection) -> Connection:
    connection.autocommit = True
    return connection


def _run(connection: Connection, sql: str, parameters: tuple) -> list[dict]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(sql, parameters or None)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch):
    """Return a context: while it lasts, a load of the named module dies just before it commits."""

    def record_load(*_: object) -> None:
        raise psycopg2.OperationalError("the worker was killed")

    @contextmanager
    def killed(module: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(f"include.{module}.record_load", record_load)
            yield

    return killed


@pytest.fixture
def eventually():
    """Return a function that waits until a condition holds, and fails when it does not in so many seconds."""

    def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "what was waited for did not happen"
            time.sleep(0.01)

    return eventually


@pytest.fixture
def in_background():
    """Return a function that starts a call and gives its Future: one that hangs holds up no other test."""

    def in_background(function: Callable, *arguments: object) -> Future:
        future = Future()

        def run() -> None:
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    return in_background
