"""Connections to the warehouse for the commands, by role."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

# Role -> the setting that holds its password.
PASSWORDS = {
    "postgres": "POSTGRES_PASSWORD",
    "elt_loader": "ELT_LOADER_PASSWORD",
    "dbt_transformer": "DBT_TRANSFORMER_PASSWORD",
    "bi_reader": "BI_READER_PASSWORD",
}


@contextmanager
def connect(env: Mapping[str, str], role: str) -> Iterator[Connection]:
    """Yield a connection to the warehouse as the role."""
    connection = psycopg2.connect(
        host=env["WAREHOUSE_HOST"],
        port=env["WAREHOUSE_PORT"],
        dbname=env["WAREHOUSE_DB"],
        user=role,
        password=env[PASSWORDS[role]],
    )
    with closing(connection):
        yield connection
