"""How a connection to PostgreSQL is opened, and what it says by itself. Nothing else opens one.

libpq and the server take what a connection leaves open from PG* variables of the process, from settings of
the role and from those of the database. So each says its encoding, its search path, and in which words values
become texts; and PG* variables, whosever they are, do not count.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

log = logging.getLogger(__name__)

# Servers convert into it, whatever their own encoding is.
ENCODING = "UTF8"
# Every statement names the schema of what it reads and writes; the rest is PostgreSQL's own.
SEARCH_PATH = "public"
# In which words values become texts on every server: those of other types, and keys that are compared.
SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "standard_conforming_strings": "on",
}
# The same for one transaction: behind a pooler the next one may be in another session.
WORDS = ";\n".join(f"set local {name} = '{value}'" for name, value in SETTINGS.items())
# Shorter than a task may last: the driver waits for a statement where no signal of Airflow's reaches it.
LONGEST_STATEMENT = "55min"
OF_SESSION = {**SETTINGS, "search_path": SEARCH_PATH, "statement_timeout": LONGEST_STATEMENT}
# A blank separates options.
OPTIONS = " ".join(f"-c {name}={value.replace(' ', '')}" for name, value in OF_SESSION.items())
# What a program reads that takes no options from us: dbt. Its search path is in profiles.yml.
DBT_VARIABLES = {"PGCLIENTENCODING": ENCODING, "PGTZ": "UTC", "PGDATESTYLE": "ISO, YMD"}
# All that psql and pg_dump read, but for the login.
VARIABLES = {"PGCLIENTENCODING": ENCODING, "PGOPTIONS": OPTIONS}
APPLICATION = "video_streaming_elt_pipeline"
PREFIX = "PG"
# How poolers say that they take no options: PgBouncer, RDS Proxy.
NO_OPTIONS = re.compile("startup parameter|command-line options", re.IGNORECASE)
# A server that is away, or not ready. What it says in another language counts as that as well.
AWAY = re.compile(
    "refused|time|starting up|shutting down|recovery|accepting connections|too many|connection slots|closed"
    "|reset|broken pipe|temporary",
    re.IGNORECASE,
)
# What no attempt mends: people must look at the login.
WRONG_LOGIN = re.compile(
    "authentication failed|no password supplied|not permitted to log in|no pg_hba.conf entry"
    '|(role|database) ".*" does not exist|permission denied for database|does not support SSL'
    "|certificate verify failed|root certificate file|invalid .* value",
)
_one_at_a_time = threading.Lock()


def connect(**parameters: object) -> Connection:
    """Open a connection with libpq's parameters, as psycopg2 does, and raise what that raises.

    `options` and `application_name` may be the caller's; options of theirs are added to ours, and win.
    """
    theirs = parameters.get("options")
    options = f"{OPTIONS} {theirs}" if theirs else OPTIONS
    said = {"application_name": APPLICATION, **parameters, "client_encoding": ENCODING, "options": options}
    with _without_variables():
        try:
            return psycopg2.connect(**said)
        except psycopg2.OperationalError as error:
            if not NO_OPTIONS.search(str(error)):
                raise
            # Behind a pooler: what loads rely on they also say for each transaction.
            return psycopg2.connect(**{**said, "options": theirs})


def server_encoding(cursor: Cursor) -> str:
    """Return PostgreSQL's name of the encoding that the cursor's database has."""
    return cursor.connection.info.parameter_status("server_encoding")


def is_wrong_login(error: psycopg2.OperationalError) -> bool:
    """Tell whether a connection was refused for a reason that another attempt does not mend."""
    return bool(WRONG_LOGIN.search(str(error)) and not is_away(error))


def is_away(error: psycopg2.OperationalError) -> bool:
    """Tell whether the server is away or not ready, and another attempt may find it."""
    return bool(AWAY.search(_reason(error)))


def without_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without libpq's variables, which the servers read as well."""
    return {name: value for name, value in env.items() if not name.startswith(PREFIX)}


def forget_variables() -> None:
    """Take libpq's variables out of this process's environment, and so of those that it starts."""
    for name in _variables():
        del os.environ[name]


def _reason(error: psycopg2.OperationalError) -> str:
    """Return the driver's words without the names in them, such as a database of the name `times`."""
    return re.sub('"[^"]*"', "", str(error))


def _variables() -> list[str]:
    return [name for name in os.environ if name.startswith(PREFIX)]


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide libpq's variables during the block, in a process that is somebody else's.

    PGSERVICE and PGHOSTADDR cannot be overruled by parameters.
    """
    with _one_at_a_time:
        hidden = {name: os.environ.pop(name) for name in _variables()}
        if hidden:
            log.warning(
                "%s of the environment do not count: write what a connection needs into the connection",
                ", ".join(sorted(hidden)),
            )
        try:
            yield
        finally:
            os.environ.update(hidden)
