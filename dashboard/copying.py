"""Copy what readers see of the star into a DuckDB file, in one transaction: so it is of one publication.

Data flow: trusted, as bi_reader -> COPY to CSV -> a pipe -> DuckDB. Views that metrics read are copied as
views. How fresh the star is, is read in the same transaction.

Publishing waits for transactions that have read a table of the star (include/publish/star_lock.py). So all
tables are of the version that the first one was of.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from dashboard.health import TRUSTED, Health, read_health
from include.metrics import Definitions
from include.transaction import transaction

READABLE = """
select relname, relkind, format('%%I.%%I', nspname, relname)
from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
where nspname = %s and relkind in ('r', 'p', 'v') and has_table_privilege(pg_class.oid, 'select')
order by relkind = 'v', relname
"""
COLUMNS = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
"""
VIEW = "select pg_get_viewdef(%s::regclass)"
# The first table that is read holds the version.
FIRST = f"select 1 from {TRUSTED}.dim_dates limit 1"
# Nothing of the values is guessed; an empty text stands in quotes, nothing does not.
READ = """
insert into {table} select * from read_csv(
    ?, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '',
    allow_quoted_nulls = false, new_line = '\\n', max_line_size = 16777216, columns = {columns}
)
"""


def copy_star(warehouse: Connection, definitions: Definitions, path: Path) -> Health:
    """Write a new DuckDB file with the star; return which version it is, and how fresh.

    Raises psycopg2.errors.UndefinedTable where nothing is published yet.
    """
    warehouse.set_session(readonly=True)
    known = {model.table for model in definitions.models.values()}
    with transaction(warehouse) as cursor, duckdb.connect(str(path)) as copy:
        cursor.execute(FIRST)
        copy.execute(f"create schema {TRUSTED}")
        cursor.execute(READABLE, (TRUSTED,))
        for name, kind, table in cursor.fetchall():
            if kind != "v":
                _copy_table(cursor, copy, table)
            elif name in known:
                cursor.execute(VIEW, (table,))
                copy.execute(f"create view {table} as {cursor.fetchone()[0]}")
        return read_health(cursor)


def _copy_table(cursor: Cursor, copy: duckdb.DuckDBPyConnection, table: str) -> None:
    cursor.execute(COLUMNS, (table,))
    columns = dict(cursor.fetchall())
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    copy.execute(f"create table {table} ({typed})")
    with _rows_of(cursor, table) as rows:
        copy.execute(READ.format(table=table, columns=columns), [rows])


@contextmanager
def _rows_of(cursor: Cursor, table: str) -> Iterator[str]:
    """Yield the name of a pipe from which the table's rows come as CSV."""
    reading, writing = os.pipe()
    errors: list[BaseException] = []

    def send() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                cursor.copy_expert(f"copy (select * from {table}) to stdout (format csv)", pipe)
        except BaseException as error:
            errors.append(error)

    sender = threading.Thread(target=send, name=f"copy {table}")
    sender.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        sender.join()
    if errors:
        raise errors[0]
