"""Open connections by their Airflow ids. The only module of include/ that knows Airflow.

The ids are those of `logins.py`; `environment.py` tells Airflow about them by AIRFLOW_CONN_*.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.sdk import BaseHook
from airflow.sdk import Connection as Settings
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg2.extensions import connection as Connection
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from include import libpq
from include.environment import CONNECTION
from include.errors import InputError, TransientError
from include.failures import driver_words, is_transient
from include.logins import BY_CONNECTION_ID
from include.specs import MongoCollection, PostgresTable
from include.tables import SOURCES

if TYPE_CHECKING:
    from airflow.providers.microsoft.azure.hooks.powerbi import PowerBIHook

REQUEST_SECONDS = 60


class PostgresAway(TransientError, psycopg2.OperationalError):
    """The server cannot be reached, or is not ready: also the driver's error, for who catches that."""


class PostgresRefuses(InputError, psycopg2.OperationalError):
    """The server does not take the login, or the connection is not one: a retry cannot help."""


class MongoAway(TransientError, ConnectionFailure):
    """The server cannot be reached: also the driver's error, for who catches that."""


class MongoRefuses(InputError, ConnectionFailure):
    """The server does not take the login, or the connection is not one: a retry cannot help."""


@contextmanager
def postgres(connection_id: str, *, readonly: bool = False) -> Iterator[Connection]:
    """Yield an open psycopg2 connection. Raises PostgresAway or PostgresRefuses, which say what to do.

    Of a source every transaction is `readonly`, whoever logs in. Not PostgresHook: it hands out psycopg 3,
    whose COPY is half as fast (see docs/adr/0003).
    """
    settings = _settings(connection_id)
    parameters = {
        "host": settings.host,
        "port": settings.port,
        "dbname": settings.schema,
        "user": settings.login,
        "password": settings.password,
        **settings.extra_dejson,
    }
    try:
        connection = libpq.connect(**parameters)
    except psycopg2.OperationalError as error:
        refused = PostgresRefuses if libpq.is_wrong_login(error) else PostgresAway
        raise refused(_advice(settings, error)) from None
    except psycopg2.ProgrammingError as error:
        # Not about the server: libpq does not know a parameter.
        raise InputError(_advice(settings, error)) from None
    with closing(connection):
        connection.set_session(readonly=readonly)
        yield connection


@contextmanager
def mongo(connection_id: str) -> Iterator[Database]:
    """Yield the database that the connection names. Raises MongoAway or MongoRefuses as `postgres` does."""
    settings = _settings(connection_id)
    if settings.conn_type != "mongo":
        what = f"is of type {settings.conn_type}, and a collection needs mongo"
        raise InputError(f"The connection {connection_id} {what}")
    if not settings.schema:
        raise InputError(
            f"The connection {connection_id} names no database. Write it after the host, as in"
            " mongodb://user:password@host/database, or as the connection's schema"
        )
    with MongoHook(connection_id) as hook:
        try:
            database = hook.get_conn()[settings.schema]
            # Only the first command connects.
            database.command("ping")
        except (PyMongoError, OSError, ValueError, TypeError) as error:
            # The last three: a file or a parameter that is none.
            refused = MongoAway if is_transient(error) else MongoRefuses
            raise refused(_advice(settings, error)) from None
        yield database


@contextmanager
def source(extraction: PostgresTable | MongoCollection) -> Iterator[Connection | Database]:
    """Yield a connection to the server of a source, to read from it."""
    if isinstance(extraction, PostgresTable):
        with postgres(extraction.server, readonly=True) as connection:
            yield connection
    else:
        with mongo(extraction.server) as database:
            yield database


@contextmanager
def sources_of(names: Collection[str]) -> Iterator[dict[str, Connection | Database]]:
    """Yield a connection to every server of the sources with these names, by its id."""
    with ExitStack() as stack:
        by_server = {declared.server: declared for declared in SOURCES if declared.name in names}
        yield {server: stack.enter_context(source(found)) for server, found in by_server.items()}


def power_bi() -> "PowerBIHook":
    """Return the hook that asks Power BI's REST API. Raises InputError where its package is not installed."""
    try:
        # Not at the top: it is installed where it is used (docs/adr/0025).
        from airflow.providers.microsoft.azure.hooks.powerbi import PowerBIHook
    except ModuleNotFoundError:
        raise InputError(
            "A workspace is set in .env, but Airflow's Microsoft provider is not installed. `make up` builds"
            " an image with it; elsewhere install requirements-power-bi.txt. Then clear the task"
        ) from None
    return PowerBIHook("power_bi", timeout=REQUEST_SECONDS)


def login_of(connection_id: str) -> tuple[str | None, str | None]:
    """Return who logs in, and to which database. Raises InputError for a connection that nobody declared."""
    settings = _settings(connection_id)
    return settings.login, settings.schema


def place_of(connection_id: str) -> tuple[str, str | None]:
    """Return a connection's server as OpenLineage names it, postgres://host:port, and the database there."""
    settings = _settings(connection_id)
    engine, port = ("mongodb", 27017) if settings.conn_type == "mongo" else ("postgres", 5432)
    return f"{engine}://{settings.host}:{settings.port or port}", settings.schema


def engine_of(connection_id: str) -> str:
    """Return `postgres` or `mongo`. Raises InputError for a connection of another kind, or unknown."""
    kind = _settings(connection_id).conn_type
    if kind not in ("postgres", "mongo"):
        raise InputError(f"The connection {connection_id} is of type {kind}; a source's is postgres or mongo")
    return kind


def _settings(connection_id: str) -> Settings:
    """Return the connection's settings. Raises InputError when nobody declared it, or it is unreadable."""
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        # What Airflow cannot read, it does not find.
        if os.environ.get(name := f"{CONNECTION}{connection_id.upper()}"):
            raise InputError(
                f"{name} is there, but is no URI with one host, and no JSON. In user and password write"
                " %40 for @, %2F for /, %3A for : and %25 for %"
            ) from None
        raise InputError(
            f"There is no connection {connection_id}, which include/sources.yml names. Add it to .env as"
            f" AIRFLOW_CONN_{connection_id.upper()}, in Airflow's UI, or in your secrets backend"
        ) from None


def _advice(settings: Settings, error: Exception) -> str:
    """Say which login failed, and which settings of .env to look at; never the password itself."""
    name = f"AIRFLOW_CONN_{settings.conn_id.upper()}"
    names = f"{name} in .env, or the connection in Airflow, is right"
    if login := BY_CONNECTION_ID.get(settings.conn_id):
        variables = f"{login.server}_HOST, {login.server}_PORT, {login.server}_DB and {login.secret}"
        names = f"{variables} in .env are right, or {name}"
    port = f":{settings.port}" if settings.port else ""
    said = driver_words(error)
    return (
        f"{settings.conn_id}: cannot log in to {settings.schema} on {settings.host}{port} as"
        f" {settings.login}. See that the server runs, and that {names}. The driver says: {said}"
    )
