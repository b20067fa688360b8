"""`make sql Q="select ..."`: ask the warehouse, get CSV, as bi_reader or with AS=admin as the owner."""

import sys

import psycopg2

from cli import CommandError
from cli.warehouse import warehouse


def print_answer(query: str, role: str) -> None:
    """Print the query's rows as CSV with a header. Raises CommandError with PostgreSQL's words."""
    query = query.strip().rstrip(";")
    with warehouse("postgres" if role == "admin" else role) as connection:
        try:
            with connection, connection.cursor() as cursor:
                if query.lower().startswith(("select", "with", "table", "values")):
                    cursor.copy_expert(f"copy ({query}) to stdout with (format csv, header)", sys.stdout)
                else:
                    cursor.execute(query)
                    print(cursor.statusmessage)
        except psycopg2.Error as error:
            raise CommandError(str(error).strip()) from error
