"""`make sql Q="select ..."`: ask the warehouse, get CSV, as bi_reader or with AS=admin as the owner."""

import argparse
import sys

import psycopg2

from cli.warehouse import ask

ROLES = {"bi_reader": "bi_reader", "admin": "postgres"}


def main() -> int:
    """Print the query's rows as CSV with a header; return 1 with PostgreSQL's words when it is refused."""
    parser = argparse.ArgumentParser(prog="make sql", description=__doc__)
    parser.add_argument("query")
    parser.add_argument("--as", dest="role", choices=ROLES, default="bi_reader")
    arguments = parser.parse_args()
    return ask(lambda connection: _answer(connection, arguments.query), ROLES[arguments.role])


def _answer(connection, query: str) -> int:
    query = query.strip().rstrip(";")
    try:
        with connection, connection.cursor() as cursor:
            if query.lower().startswith(("select", "with", "table", "values")):
                cursor.copy_expert(f"copy ({query}) to stdout with (format csv, header)", sys.stdout)
            else:
                cursor.execute(query)
                print(cursor.statusmessage)
    except psycopg2.Error as error:
        print(str(error).strip(), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
