"""Real servers for the tests: one PostgreSQL and MongoDB a session, fresh databases a test or module."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection
from pymongo import MongoClient
from pymongo.database import Database

from include import embedded, libpq
from include.embedded import postgres
from include.environment import connections
from include.logins import find_login
from include.schema.ddl import create_source_tables, create_warehouse_tables
from include.schema.mongo import create_collection
from include.schema.mongo_users import create_mongo_users
from include.tables import MONGO_COLLECTIONS

# A failed assertion of a helper shows its values, as one of a test does.
pytest.register_assert_rewrite(
    *(
        f"tests.{name}"
        for name in ("daily_star", "dbt_project", "integration", "metrics", "pipeline", "powerbi", "unit")
    )
)

# What the caller's shell says of PostgreSQL is not what is tested.
libpq.forget_variables()

# A role exists on one PostgreSQL server only; admin is its administrator.
SERVERS = {"app": "SOURCE", "elt_reader": "SOURCE"}
_numbers = itertools.count(1)


@dataclass
class Platform:
    """Fresh source and warehouse databases on the session's servers, with everybody who may log in."""

    env: dict[str, str]
    _open: ExitStack = field(default_factory=ExitStack)

    def connect(self, role: str) -> Connection:
        """Open a connection as one of the roles of the design, or as admin."""
        login = find_login(SERVERS.get(role, "WAREHOUSE"), "postgres" if role == "admin" else role)
        connection = libpq.connect(**login.parameters(self.env))
        self._open.callback(connection.close)
        return connection

    def mongo(self, user: str) -> Database:
        """Open the product's MongoDB database as app or elt_reader."""
        login = find_login("MONGO", user).parameters(self.env)
        name = login["dbname"]
        client = MongoClient(
            login["host"],
            int(login["port"]),
            username=user,
            password=login["password"],
            authSource=name,
            directConnection=True,
        )
        self._open.callback(client.close)
        return client[name]

    def query(self, role: str, sql: str, *parameters: object) -> list[tuple]:
        """Run one statement in its own connection and return its rows."""
        connection = self.connect(role)
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def dbt_env(self) -> dict[str, str]:
        """Return the variables that dbt reads."""
        return {
            name: value
            for name, value in connections(self.env).items()
            if name.startswith(("WAREHOUSE", "DBT"))
        }

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    # Not below pytest's own folder, which is closed to others: run by root, PostgreSQL is somebody else.
    home = Path(tempfile.mkdtemp(prefix="streaming-tests-"))
    try:
        yield embedded.start(home, tmp_path_factory.mktemp("env") / ".env")
    finally:
        embedded.reset(home)


def new_platform(servers: dict[str, str]) -> Platform:
    """Return fresh databases on the servers."""
    number = next(_numbers)
    names = {
        "SOURCE_DB": f"source_{number}",
        "WAREHOUSE_DB": f"warehouse_{number}",
        "MONGO_DB": f"product_{number}",
    }
    env = {name: value for name, value in servers.items() if name != "AIRFLOW_DB"} | names
    postgres.create_databases(env, int(env["SOURCE_PORT"]))
    with MongoClient(
        env["MONGO_HOST"],
        int(env["MONGO_PORT"]),
        username="root",
        password=env["MONGO_ROOT_PASSWORD"],
        directConnection=True,
    ) as root:
        create_mongo_users(root, env)
    platform = Platform(env)
    create_source_tables(platform.connect("app"))
    create_warehouse_tables(platform.connect("elt_loader"))
    for collection in MONGO_COLLECTIONS:
        create_collection(platform.mongo("app"), collection)
    return platform


@pytest.fixture
def platform(servers: dict[str, str]) -> Iterator[Platform]:
    """Databases for one test."""
    fresh = new_platform(servers)
    yield fresh
    fresh.close()


@pytest.fixture(scope="module")
def warehouse(servers: dict[str, str]) -> Iterator[Platform]:
    """Databases for one module, for tests whose steps build on each other."""
    fresh = new_platform(servers)
    yield fresh
    fresh.close()
