"""Open connections by their Airflow ids. The only module of include/ that knows Airflow.

The ids come from the environment: AIRFLOW_CONN_SOURCE_POSTGRES (elt_reader) and ..._APP (app, who plays the
product), AIRFLOW_CONN_SOURCE_MONGO and ..._APP, AIRFLOW_CONN_WAREHOUSE (elt_loader) and ..._PUBLISHER
(dbt_transformer, who owns the star).
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

# Connection -> the prefix of its host, port and database in .env, and the name of its password there.
IN_ENV = {
    "source_postgres": ("SOURCE", "SOURCE_READER_PASSWORD"),
    "source_postgres_app": ("SOURCE", "SOURCE_APP_PASSWORD"),
    "source_mongo": ("MONGO", "MONGO_READER_PASSWORD"),
    "source_mongo_app": ("MONGO", "MONGO_APP_PASSWORD"),
    "warehouse": ("WAREHOUSE", "ELT_LOADER_PASSWORD"),
}


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
    server, password = IN_ENV[settings.conn_id]
    return (
        f"{settings.conn_id}: cannot log in to {settings.schema} on {settings.host}:{settings.port} as"
        f" {settings.login}. See that the server runs, and that {server}_HOST, {server}_PORT, {server}_DB and"
        f" {password} in .env are right. The driver says: {error}"
    )
