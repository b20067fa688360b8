"""Read a table of the PostgreSQL source into the warehouse's temporary tables, as a binary stream.

The stream goes through a pipe from COPY to COPY: no row becomes a Python object, and memory stays constant.
"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg2.errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.extract_load.raw import create_stage
from include.tables import PostgresTable
from include.transaction import transaction

log = logging.getLogger(__name__)

PIPE_BYTES = 1 << 20


def stage(source: Connection, cursor: Cursor, table: PostgresTable, read_from: datetime | None) -> datetime:
    """Fill the table's stage and keys from one snapshot of the source; return the next watermark."""
    create_stage(cursor, table)
    watermark = _everything_before_is_visible(source)
    source.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with transaction(source) as reader:
        _pipe(reader, _rows(table, read_from), cursor, f"stage_{table.raw}")
        _pipe(reader, _keys(table), cursor, f"keys_{table.raw}")
    return watermark


def _everything_before_is_visible(source: Connection) -> datetime:
    """Return the moment before which no transaction is open any more.

    What an open transaction writes carries the time of its start as updated_at, but is not visible yet: the
    next load must come back to that moment. It is asked for before the snapshot is taken, not after.
    """
    with transaction(source) as reader:
        try:
            reader.execute("select elt.oldest_transaction_start()")
        except (psycopg2.errors.UndefinedFunction, psycopg2.errors.InvalidSchemaName):
            source.rollback()
            log.warning(
                "The source has no elt.oldest_transaction_start(): only the overlap covers late commits"
            )
            reader.execute("select now()")
        return reader.fetchone()[0]


def _rows(table: PostgresTable, read_from: datetime | None) -> Composed:
    # Binary COPY does not convert, so the types are made the warehouse's here.
    columns = SQL(", ").join(
        SQL("{}::{}").format(Identifier(column.name), SQL(column.type)) for column in table.raw_columns
    )
    watermark = Identifier(table.watermark)
    where = SQL("where {} >= {}").format(watermark, Literal(read_from)) if read_from else SQL("")
    return SQL("select {}, {}::timestamptz from {} {}").format(
        columns, watermark, Identifier(table.name), where
    )


def _keys(table: PostgresTable) -> Composed:
    return SQL("select {}::text from {}").format(Identifier(table.key), Identifier(table.name))


def _pipe(reader: Cursor, query: Composed, writer: Cursor, target: str) -> None:
    """Stream the query's rows into the target; the reader's own error is raised before what it led to."""
    copy_out = SQL("copy ({}) to stdout (format binary)").format(query)
    copy_in = SQL("copy {} from stdin (format binary)").format(Identifier(target))
    read_end, write_end = os.pipe()
    with ThreadPoolExecutor(max_workers=1) as pool, os.fdopen(read_end, "rb", PIPE_BYTES) as incoming:
        reading = pool.submit(_copy_out, reader, copy_out, write_end)
        try:
            writer.copy_expert(copy_in, incoming, size=PIPE_BYTES)
        except psycopg2.Error:
            incoming.close()
            if (cause := reading.exception()) and not isinstance(cause, BrokenPipeError):
                raise cause from None
            raise
        reading.result()


def _copy_out(reader: Cursor, copy_out: Composed, write_end: int) -> None:
    with os.fdopen(write_end, "wb", PIPE_BYTES) as outgoing:
        reader.copy_expert(copy_out, outgoing, size=PIPE_BYTES)
