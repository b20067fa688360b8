"""Where this command finds the lake and the warehouse: .env, or the environment of a task."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from psycopg2.extensions import connection as Connection

from include import libpq
from include.environment import ROOT, read_env
from include.errors import InputError
from include.logins import find_login
from lakehouse.lake import Lake
from lakehouse.settings import read_lake_settings

ENV = ROOT / ".env"
LOCAL = ROOT / ".local"
# Reads raw, and may not write it.
READER = find_login("WAREHOUSE", "dbt_transformer")


def this_lake() -> Lake:
    """Return the lake that .env names; the LAKE variables of a task come first."""
    return Lake(read_lake_settings({**read_env(ENV), **os.environ}))


@contextmanager
def warehouse(host: str = "") -> Iterator[Connection]:
    """Yield a connection that reads raw: on the host with the port of .env, or in a task dbt's warehouse.

    Else on the demo's databases, which run for as long as the block. Raises InputError without a warehouse.
    """
    if host:
        with _connected({**read_env(ENV), "WAREHOUSE_HOST": host}) as connection:
            yield connection
    elif "DBT_PASSWORD" in os.environ:
        with _connected({**os.environ, READER.secret: os.environ["DBT_PASSWORD"]}) as connection:
            yield connection
    else:
        if not (LOCAL / "postgres" / "PG_VERSION").exists():
            raise InputError("There is no warehouse yet: run `make demo` first, or name a folder: DATA_DIR=")
        # Not at the top: who names a host has no embedded servers.
        from include.embedded import databases

        with databases(LOCAL) as env, _connected(env) as connection:
            yield connection


def _connected(env: Mapping[str, str]) -> closing:
    return closing(libpq.connect(**READER.parameters(env)))
