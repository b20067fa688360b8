"""`make check-sources`: what the reader sees of each source, and what an administrator runs for the rest."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection
from pymongo.errors import PyMongoError

from cli.sources import source_environment
from include.check_sources import (
    Finding,
    Report,
    check_mongo,
    check_postgres,
    missing,
    one_line,
    reader_of_collections,
    reader_of_tables,
)
from include.environment import plays_product
from include.errors import InputError
from include.specs import MongoCollection, PostgresTable
from include.tables import SOURCES
from include.transaction import transaction

HAS_LOADS = "select to_regclass('ops.schema_changes') is not null"
NOTHING_STOPS = "\nNothing that would stop a load was found."
STOPS = "\nWhat is MISSING stops a load. Nothing was changed anywhere."
Entries = list[PostgresTable | MongoCollection]


def check_sources() -> int:
    """Print everything that was found; return 1 where something would stop a load, else 0."""
    # The drivers' and Airflow's own lines are not for people.
    logging.disable(logging.INFO)
    with source_environment() as env, _warehouse() as warehouse:
        reports = [
            _reported(server, entries, warehouse, plays=plays_product(env))
            for server, entries in _by_server().items()
        ]
    for report in reports:
        _print_remedies(report)
    stops = any(report.stops_a_load for report in reports)
    print(STOPS if stops else NOTHING_STOPS)
    return int(stops)


def _by_server() -> dict[str, Entries]:
    servers: dict[str, Entries] = {}
    for entry in SOURCES:
        servers.setdefault(entry.server, []).append(entry)
    return servers


@contextmanager
def _warehouse() -> Iterator[Connection | None]:
    """Yield a connection to the warehouse, which remembers earlier loads; None where there was none yet."""
    # Airflow is slow to import, and only what connects needs it.
    from include.connections import postgres

    with ExitStack() as stack:
        try:
            warehouse = stack.enter_context(postgres("warehouse", readonly=True))
            with transaction(warehouse) as cursor:
                cursor.execute(HAS_LOADS)
                (has_loads,) = cursor.fetchone()
        except psycopg2.OperationalError:
            has_loads = False
        yield warehouse if has_loads else None


def _reported(server: str, entries: Entries, warehouse: Connection | None, *, plays: bool) -> Report:
    """Print the findings on a server, each when it is known, and return them."""
    print(f"\n{server}")
    findings = []
    for finding in _findings(server, entries, warehouse, plays=plays):
        print(f"  {finding.level:8} {finding.sentence}", flush=True)
        findings.append(finding)
    return Report(server, isinstance(entries[0], PostgresTable), tuple(findings))


def _findings(
    server: str, entries: Entries, warehouse: Connection | None, *, plays: bool
) -> Iterator[Finding]:
    """Yield what the server lets the reader see, or why it lets them in not at all."""
    from include.connections import source

    try:
        with source(entries[0]) as connection:
            if isinstance(entries[0], PostgresTable):
                yield from check_postgres(connection, entries, warehouse, plays=plays)
            else:
                yield from check_mongo(connection, entries, plays=plays)
    except (psycopg2.Error, PyMongoError) as error:
        yield missing(one_line(error), *_reader(server, entries))
    except InputError as error:
        yield missing(one_line(error))


def _reader(server: str, entries: Entries) -> Iterator[str]:
    """Yield what makes the login of a server that cannot be asked what it lacks."""
    from include.connections import login_of

    user, database = login_of(server)
    if not user:
        return
    if isinstance(entries[0], PostgresTable):
        yield "-- Where the login is not there yet:"
        yield from reader_of_tables(user, database, entries)
    else:
        yield "// Where the login is not there yet:"
        yield reader_of_collections(user, database)


def _print_remedies(report: Report) -> None:
    """Print the statements for a server's administrator, in one piece that a shell takes as it is."""
    from include.connections import login_of

    if report.remedies:
        comment, shell = ("--", "psql") if report.is_postgres else ("//", "mongosh")
        place = f"{shell} in the database {login_of(report.server)[1]}"
        print(f"\n{comment} {report.server}: for an administrator, to paste into {place}")
        print("\n".join(report.remedies))
