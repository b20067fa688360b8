"""What commands about sources share: an environment in which connections open, without a warehouse."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg2
from pymongo.errors import PyMongoError

from cli import LOCAL, CommandError
from cli.container import SECRETS, with_secrets
from include.environment import (
    CONNECTION,
    ROOT,
    connections,
    ensure_env,
    own_connections,
    pipeline_variables,
    plays_product,
)
from include.logins import BY_CONNECTION_ID
from include.tables import SOURCES

NO_PRODUCT = (
    "SOURCES=played, and nothing was played here yet: run `make demo` first. To look into systems of your"
    " own, set SOURCES=existing in .env, or name one by AIRFLOW_CONN_<ID> there"
)


@contextmanager
def source_environment(connection_id: str = "") -> Iterator[Mapping[str, str]]:
    """Set the variables by which `include.connections` opens the sources; yield the settings of this place.

    The embedded servers run for as long as the block where they are the sources; not for one connection that
    .env itself describes. Raises CommandError where nothing was played yet, and for what a driver says.
    """
    # Outside of a component, Airflow would make itself a home in the user's.
    os.environ.setdefault("AIRFLOW_HOME", str(LOCAL / "airflow"))
    try:
        with _servers(settings(), connection_id) as env:
            os.environ.update(_variables(env))
            yield env
    except (psycopg2.Error, PyMongoError) as error:
        raise CommandError(str(error).strip()) from error


def settings() -> dict[str, str]:
    """Return the settings of this container, or those of .env."""
    return with_secrets() if SECRETS.is_dir() else ensure_env(ROOT / ".env")


def known_sources(env: Mapping[str, str]) -> list[str]:
    """Return the ids of connections that sources.yml or somebody's .env names."""
    own = {name.removeprefix(CONNECTION).lower() for name in own_connections(env)}
    return sorted({source.server for source in SOURCES} | own - BY_CONNECTION_ID.keys())


@contextmanager
def _servers(env: Mapping[str, str], connection_id: str) -> Iterator[Mapping[str, str]]:
    """Start the embedded servers where they are needed; yield the settings."""
    is_elsewhere = f"{CONNECTION}{connection_id.upper()}" in own_connections(env)
    if SECRETS.is_dir() or not plays_product(env) or is_elsewhere:
        yield env
        return
    if not (LOCAL / "postgres" / "PG_VERSION").exists():
        raise CommandError(NO_PRODUCT)
    # Not at the top: the image has no embedded servers.
    from include.embedded import databases

    with databases(LOCAL) as found:
        yield found


def _variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what Airflow reads. Where it has a database, a connection may be there too, from the UI."""
    if "AIRFLOW_DB_HOST" not in env:
        return pipeline_variables(env)
    return connections(env) | {"_AIRFLOW_PROCESS_CONTEXT": "server"}
