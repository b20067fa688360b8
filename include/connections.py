"""Open connections by their Airflow ids. The only module of include/ that knows Airflow.

The ids are those of `logins.py`; `environment.py` tells Airflow about them by AIRFLOW_CONN_*.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.sdk import BaseHook
from airflow.sdk import Connection as Settings
from psycopg2.extensions import connection as Connection
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from include.logins import BY_CONNECTION_ID


@contextmanager
def postgres(connection_id: str) -> Iterator[Connection]:
    """Yield an open psycopg2 connection. Raises OperationalError, which says what to do, when there is none.

    Not PostgresHook: it hands out psycopg 3, whose COPY is half as fast (see docs/adr/0003).
    """
    settings = BaseHook.get_connection(connection_id)
    try:
        connection = psycopg2.connect(
            host=settings.host,
            port=settings.port,
            dbname=settings.schema,
            user=settings.login,
            password=settings.password,
            application_name="video_streaming_elt_pipeline",
            **settings.extra_dejson,
        )
    except psycopg2.OperationalError as error:
        raise psycopg2.OperationalError(_advice(settings, error)) from None
    with closing(connection):
        yield connection


@contextmanager
def mongo(connection_id: str) -> Iterator[Database]:
    """Yield the database that the connection names. Raises ConnectionFailure as `postgres` does."""
    with MongoHook(connection_id) as hook:
        database = hook.get_conn()[hook.connection.schema]
        try:
            # Only the first command connects.
            database.command("ping")
        except PyMongoError as error:
            raise ConnectionFailure(_advice(hook.connection, error)) from None
        yield database


def _advice(settings: Settings, error: Exception) -> str:
    """Say which login failed, and which settings of .env to look at; never the password itself."""
    login = BY_CONNECTION_ID[settings.conn_id]
    return (
        f"{settings.conn_id}: cannot log in to {settings.schema} on {settings.host}:{settings.port} as"
        f" {settings.login}. See that the server runs, and that {login.server}_HOST, {login.server}_PORT,"
        f" {login.server}_DB and {login.secret} in .env are right. The driver says: {error}"
    )
