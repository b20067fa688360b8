"""A lake in a folder, and a small product whose raw tables it follows."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.tables import raw_tables
from lakehouse import bronze, silver
from lakehouse.lake import Lake
from lakehouse.settings import LakeSettings
from tests.conftest import Platform
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, CAT, movie, show
from tests.product import USERS, VIEWING_SESSIONS

SESSION = "S{},U0001,M1,2024-08-{:02},30,90.5,Mobile,HD"


@dataclass
class Follower:
    """A lake that follows the raw tables of a platform."""

    lake: Lake
    platform: Platform

    def load(self) -> dict[str, bronze.Landing]:
        """Land and merge everything; return the landings by table."""
        landed = self.land()
        silver.merge(self.lake)
        return landed

    def land(self) -> dict[str, bronze.Landing]:
        connection = self.platform.connect("dbt_transformer")
        try:
            return {one.table: one for one in bronze.land(connection, self.lake, datetime.now(UTC))}
        finally:
            connection.close()

    def rows(self, table: str) -> list[dict[str, object]]:
        """Return a table's rows in the order of its key."""
        found = self.lake.open(table).to_pyarrow_table().to_pylist()
        key = raw_tables()[table.partition(".")[2]].raw_key
        return sorted(found, key=lambda row: [row[name] for name in (*key, "_loaded_at")])

    def raw(self, table: str) -> list[dict[str, object]]:
        """Return the rows of raw as silver is to have them."""
        key = raw_tables()[table].raw_key
        connection = self.platform.connect("admin")
        with connection, connection.cursor() as cursor:
            cursor.execute(f"select * from raw.{table} limit 0")
            names = [column.name for column in cursor.description]
            columns = ", ".join(f"{name}::text" if name == "_document" else name for name in names)
            cursor.execute(f"select {columns} from raw.{table}")
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        connection.close()
        return sorted(found, key=lambda row: [row[name] for name in key])

    def is_equal_to_raw(self) -> bool:
        """Tell whether every silver table has the rows of its raw table, and at least one has any."""
        pairs = [(self.rows(f"silver.{name}"), self.raw(name)) for name in raw_tables()]
        assert all(silver == raw for silver, raw in pairs), pairs
        return any(raw for _, raw in pairs)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LakeSettings(str(tmp_path / "lake"), 30, {}))


@pytest.fixture
def pipeline(warehouse: Platform, tmp_path: Path) -> Iterator[Pipeline]:
    """A product of three users, two titles and thirty sessions, loaded into raw."""
    folder = tmp_path / "files"
    folder.mkdir()
    ready = Pipeline(warehouse, folder)
    ready.empty()
    ready.seed_users(ANA, BEN, CAT)
    ready.seed_sessions(*(SESSION.format(number, number % 28 + 1) for number in range(30)))
    ready.seed_content([movie()], [show()])
    extract(ready)
    yield ready
    warehouse.close()


@pytest.fixture
def follower(lake: Lake, pipeline: Pipeline, warehouse: Platform) -> Follower:
    return Follower(lake, warehouse)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server of S3 on this machine, with an empty bucket lake."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _create_bucket(url, time.monotonic() + 30)
            yield url
        finally:
            server.terminate()


def _create_bucket(url: str, deadline: float) -> None:
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/lake", method="PUT")).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


def extract(pipeline: Pipeline) -> None:
    """Load everything into raw."""
    pipeline.extract(USERS)
    pipeline.extract(VIEWING_SESSIONS)
    pipeline.extract_content()
