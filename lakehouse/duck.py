"""DuckDB over versions of Delta tables, in memory and in UTC. Its extensions are packages of the lock."""

import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
from deltalake import DeltaTable
from duckdb_extensions import import_extension

from lakehouse.settings import LakeSettings

# Beside the packages that they were unpacked from.
EXTENSIONS = Path(sys.prefix) / "duckdb"
_numbers = itertools.count(1)
SECRET = """
create secret (
    type s3, key_id $key, secret $secret, session_token $token, region $region,
    endpoint $endpoint, use_ssl {use_ssl}, url_style {style}
)
"""


@contextmanager
def duck(settings: LakeSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with an empty database in memory, which reaches the tables of the lake."""
    name = f"duck_{next(_numbers)}"
    with _instance(tuple(settings.storage.items())).cursor() as connection:
        connection.execute(f"attach ':memory:' as {name}; use {name}; set timezone = 'UTC'")
        try:
            yield connection
        finally:
            connection.execute(f"use memory; detach {name}")


def show(connection: duckdb.DuckDBPyConnection, name: str, table: DeltaTable) -> None:
    """Make the version of the table, as it was opened, a view; `name` is SQL."""
    # By the log of the version; DuckDB skips files by it.
    path = table.table_uri.removeprefix("file://").replace("'", "''")
    connection.execute(f"create view {name} as from delta_scan('{path}', version = {table.version()})")


def identifier(name: str) -> str:
    """Return the name in quotes, as DuckDB and DataFusion take any."""
    return '"{}"'.format(name.replace('"', '""'))


@cache
def _instance(storage: tuple[tuple[str, str], ...]) -> duckdb.DuckDBPyConnection:
    """Return this process's DuckDB with extensions and login: to load them takes a fifth of a second."""
    # Without a home DuckDB installs nothing, and a task may have none.
    places = {"extension_directory": str(EXTENSIONS), "home_directory": sys.prefix}
    connection = duckdb.connect(config=places)
    # In `python -c` it takes its caller for a person, and prints how far it is among the answers.
    connection.execute("set enable_progress_bar = false")
    for name in ("delta", "httpfs") if storage else ("delta",):
        _load(connection, name)
    if storage:
        _log_in(connection, dict(storage))
    return connection


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension; the first time it is unpacked, which takes a second."""
    try:
        connection.load_extension(name)
    except duckdb.IOException:
        import_extension(name, con=connection)
        connection.load_extension(name)


def _log_in(connection: duckdb.DuckDBPyConnection, storage: Mapping[str, str]) -> None:
    endpoint = storage.get("AWS_ENDPOINT_URL", "")
    # AWS alone has a name for each bucket.
    style, use_ssl = ("'path'" if endpoint else "'vhost'"), str(not endpoint.startswith("http://")).lower()
    parameters = {
        "key": storage["AWS_ACCESS_KEY_ID"],
        "secret": storage["AWS_SECRET_ACCESS_KEY"],
        "token": storage.get("AWS_SESSION_TOKEN", ""),
        "region": storage["AWS_REGION"],
        "endpoint": urlsplit(endpoint).netloc or "s3.amazonaws.com",
    }
    connection.execute(SECRET.format(use_ssl=use_ssl, style=style), parameters)
