"""`make sql Q="select ..."`: ask the warehouse, get CSV, as bi_reader or with AS=admin as the owner."""

import csv
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from cli import CommandError
from cli.warehouse import warehouse

# What COPY takes, after comments and brackets.
ROWS = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|table|values)\b", re.IGNORECASE | re.DOTALL)
COPY = "copy ("
# Where PostgreSQL shows the place of an error, in the statement that it was sent.
PLACE = re.compile(r"^LINE \d+: .*\n *\^$", re.MULTILINE)
OWNERS = "\nReaders of the star may do no more than read it; its owner asks with AS=admin."
ONE = "\nQ takes one statement: ask each by itself."
HAS_STAR = "select exists (select from pg_tables where schemaname = 'trusted')"
NO_STAR = "\nNothing is published yet: `make demo`, or `make run` where Airflow is up, brings the first star."


@contextmanager
def star_needed() -> Iterator[None]:
    """Raise CommandError, with the way to a star, where the block finds no published one or an older one."""
    try:
        yield
    except (errors.UndefinedTable, errors.UndefinedColumn) as error:
        raise CommandError(f"{str(error).splitlines()[0]}{NO_STAR}") from error


def print_answer(query: str, role: str) -> None:
    """Print the query's rows as CSV with a header. Raises CommandError with PostgreSQL's words."""
    query = query.strip().rstrip(";")
    with warehouse("postgres" if role == "admin" else role) as connection, ThreadPoolExecutor(1) as beside:
        try:
            # The driver hears no Ctrl-C while it waits for the server; this thread does.
            beside.submit(_print, connection, query).result()
        except KeyboardInterrupt:
            connection.cancel()
            raise
        except UnicodeError as error:
            raise CommandError("Q has a character that is not UTF-8: write it anew") from error
        except psycopg2.Error as error:
            raise CommandError(_words(error, query) + _why(connection, error)) from error


def _print(connection: Connection, query: str) -> None:
    with connection, connection.cursor() as cursor:
        if _has_rows(query):
            # A comment ends with its line, not with the query.
            end = "\n" if "--" in query else ""
            cursor.copy_expert(f"{COPY}{query}{end}) to stdout with (format csv, header)", sys.stdout)
            return
        cursor.execute(query)
        if cursor.description:
            rows = csv.writer(sys.stdout, lineterminator="\n")
            rows.writerow(column.name for column in cursor.description)
            rows.writerows(cursor)
        else:
            print(cursor.statusmessage)


def _has_rows(query: str) -> bool:
    return bool(ROWS.match(query))


def _words(error: psycopg2.Error, query: str) -> str:
    """Return PostgreSQL's words, with the place in the query as it was asked, not in the COPY around it."""
    at = int(error.diag.statement_position or 0) - 1 - (len(COPY) if _has_rows(query) else 0)
    if not 0 <= at <= len(query):
        return str(error).strip()
    *before, begun = query[:at].split("\n")
    place = f"LINE {len(before) + 1}: "
    shown = f"{place}{query.split(chr(10))[len(before)]}\n{' ' * (len(place) + len(begun))}^"
    return PLACE.sub(lambda _: shown, str(error).strip())


def _why(connection: Connection, error: Exception) -> str:
    """Return what to do: about a right that is missing, two statements, a star that is not there yet."""
    if isinstance(error, errors.InsufficientPrivilege):
        return OWNERS
    if isinstance(error, errors.SyntaxError) and 'near ";"' in str(error):
        return ONE
    if not isinstance(error, (errors.UndefinedTable, errors.InvalidSchemaName)):
        return ""
    with connection, connection.cursor() as cursor:
        cursor.execute(HAS_STAR)
        return "" if cursor.fetchone()[0] else NO_STAR
