"""Connections to the warehouse for the commands, by role; and where the warehouse of this place is."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection

from cli import LOCAL
from cli.container import SECRETS, read_secrets
from include.logins import find_login


@contextmanager
def connect(env: Mapping[str, str], role: str) -> Iterator[Connection]:
    """Yield a connection to the warehouse as the role."""
    with closing(psycopg2.connect(**find_login("WAREHOUSE", role).parameters(env))) as connection:
        yield connection


def ask(answer: Callable[[Connection], int], role: str = "elt_loader") -> int:
    """Answer from the warehouse as the role: what `answer` returns, or 1 where there is no warehouse."""

    def work(env: Mapping[str, str]) -> int:
        with connect(env, role) as connection:
            return answer(connection)

    return on_this_stack(work)


def on_this_stack(work: Callable[[Mapping[str, str]], int]) -> int:
    """Work with the settings of this container or of the embedded servers, which are started for it.

    Returns what `work` does, or 1 with a word on standard error where there is no warehouse yet.
    """
    try:
        if SECRETS.is_dir():
            return work({**os.environ, **read_secrets(SECRETS)})
        # Not at the top: the image has no embedded servers.
        from include.embedded import databases

        if not (LOCAL / "postgres" / "PG_VERSION").exists():
            return _no_warehouse()
        with databases(LOCAL) as env:
            return work(env)
    except psycopg2.errors.UndefinedTable:
        return _no_warehouse()


def _no_warehouse() -> int:
    print("There is no warehouse yet: run `make demo` first.", file=sys.stderr)
    return 1
