"""Open connections by their Airflow ids. The only module of include/ that knows Airflow.

The ids come from the environment: AIRFLOW_CONN_SOURCE_POSTGRES (elt_reader) and ..._APP (app, who plays the
product), AIRFLOW_CONN_SOURCE_MONGO and ..._APP, AIRFLOW_CONN_WAREHOUSE (elt_loader) and ..._DBT
(dbt_transformer, who publishes).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.sdk import BaseHook
from psycopg2.extensions import connection as Connection
from pymongo.database import Database


@contextmanager
def postgres(connection_id: str) -> Iterator[Connection]:
    """Yield an open psycopg2 connection.

    Not PostgresHook: it hands out psycopg 3, whose COPY is half as fast (see docs/adr/0003).
    """
    settings = BaseHook.get_connection(connection_id)
    connection = psycopg2.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.schema,
        user=settings.login,
        password=settings.password,
        application_name="video_streaming_elt_pipeline",
        **settings.extra_dejson,
    )
    with closing(connection):
        yield connection


@contextmanager
def mongo(connection_id: str) -> Iterator[Database]:
    """Yield the database that the connection names."""
    with MongoHook(connection_id) as hook:
        yield hook.get_conn()[hook.connection.schema]
