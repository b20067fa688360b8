"""`make sql Q="select ..."`: ask the warehouse, get CSV, as bi_reader or with AS=admin as the owner."""

import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from cli import CommandError
from cli.warehouse import warehouse

HAS_STAR = "select exists (select from pg_tables where schemaname = 'trusted')"
NO_STAR = "\nNothing is published yet: `make demo`, or `make run` where Airflow is up, brings the first star."


def print_answer(query: str, role: str) -> None:
    """Print the query's rows as CSV with a header. Raises CommandError with PostgreSQL's words."""
    query = query.strip().rstrip(";")
    with warehouse("postgres" if role == "admin" else role) as connection, ThreadPoolExecutor(1) as beside:
        # The driver hears no Ctrl-C while it waits for the server; this thread does.
        asked = beside.submit(_print, connection, query)
        try:
            asked.result()
        except KeyboardInterrupt:
            connection.cancel()
            raise
        except (psycopg2.Error, UnicodeError) as error:
            raise CommandError(str(error).strip() + _why(connection, error)) from error


def _print(connection: Connection, query: str) -> None:
    with connection, connection.cursor() as cursor:
        if query.lower().startswith(("select", "with", "table", "values")):
            cursor.copy_expert(f"copy ({query}) to stdout with (format csv, header)", sys.stdout)
        else:
            cursor.execute(query)
            print(cursor.statusmessage)


def _why(connection: Connection, error: Exception) -> str:
    """Return what to do when the query asks for a star that is not there yet, else nothing."""
    if not isinstance(error, (errors.UndefinedTable, errors.InvalidSchemaName)):
        return ""
    with connection, connection.cursor() as cursor:
        cursor.execute(HAS_STAR)
        return "" if cursor.fetchone()[0] else NO_STAR
