"""DuckDB over versions of Delta tables: it sees what is registered, in UTC, and no files of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to an empty database in memory."""
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def identifier(name: str) -> str:
    """Return the name in quotes, as DuckDB and DataFusion take any."""
    return '"{}"'.format(name.replace('"', '""'))
