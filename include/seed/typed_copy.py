"""Merge a CSV file of plain rows into its table: COPY reads the values, the table's constraints judge them.

Into an empty table the file goes at once, else through the temporary table `checked`. Where the server
refuses a row, nothing is merged: then the caller looks at each row for what is wrong with it.
"""

import io

import psycopg2
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.libpq import server_encoding
from include.ops.load_runs import Load
from include.seed.csv_stream import CsvStream
from include.seed.files import open_file
from include.seed.merging import merge_checked
from include.seed.plain_rows import count_plain
from include.specs import PostgresTable

COPY_BYTES = 1 << 18
STAGED = "create temporary table checked on commit drop as select {columns} from public.{table} with no data"
REPEATED = "select exists (select from checked group by {key} having count(*) > 1)"
DELETE_MISSING = """
delete from public.{table} as target
where not exists (select 1 from checked where checked.{key} = target.{key})
"""


def merge_plain(cursor: Cursor, table: PostgresTable, rows: CsvStream, load: Load) -> bool:
    """Merge the whole file, and count into `load`; return False, with nothing merged, if that cannot be."""
    types = {column.name: column for column in table.file_columns}
    # A server in another encoding may take a character for a similar one.
    if rows.extra_columns or server_encoding(cursor) != "UTF8":
        return False
    with open_file(rows.path) as file:
        file.seek(rows.first_row)
        count = count_plain(file, [types[name] for name in rows.columns])
        if not count:
            return False
        file.seek(rows.first_row)
        cursor.execute("savepoint before_plain_rows")
        try:
            merged = _merge(cursor, table, rows.columns, file, load)
        except (psycopg2.DataError, psycopg2.IntegrityError):
            merged = False
    if not merged:
        cursor.execute("rollback to savepoint before_plain_rows")
        return False
    load.read = count
    return True


def _merge(
    cursor: Cursor, table: PostgresTable, columns: list[str], file: io.BufferedReader, load: Load
) -> bool:
    """Copy and merge the rows; return False when two have the same key."""
    target = Identifier("public", table.name)
    cursor.execute(SQL("select not exists (select from {})").format(target))
    (is_empty,) = cursor.fetchone()
    if is_empty:
        load.inserted = _copy(cursor, target, columns, file)
        return True
    listed = SQL(", ").join(Identifier(column.name) for column in table.file_columns)
    names = {"table": Identifier(table.name), "key": Identifier(table.file_key), "columns": listed}
    cursor.execute("drop table if exists pg_temp.checked")
    cursor.execute(SQL(STAGED).format(**names))
    copied = _copy(cursor, Identifier("checked"), columns, file)
    cursor.execute("analyze checked")
    cursor.execute(SQL(REPEATED).format(**names))
    if cursor.fetchone()[0]:
        return False
    load.inserted, load.updated = merge_checked(cursor, table)
    load.unchanged = copied - load.inserted - load.updated
    cursor.execute(SQL(DELETE_MISSING).format(**names))
    load.deleted = cursor.rowcount
    return True


def _copy(cursor: Cursor, target: Identifier, columns: list[str], file: io.BufferedReader) -> int:
    names = SQL(", ").join(map(Identifier, columns))
    copy = SQL("copy {} ({}) from stdin with (format csv)").format(target, names)
    cursor.copy_expert(copy, file, size=COPY_BYTES)
    return cursor.rowcount
