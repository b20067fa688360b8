"""Read a table of the PostgreSQL source into the warehouse, as a binary stream.

An empty raw table is filled directly; later loads go through temporary tables. The stream goes through a pipe
from COPY to COPY: no row becomes a Python object, and memory stays constant.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import psycopg2.errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier

from include.extract_load import raw
from include.extract_load.filling import made_ready, stamps_of
from include.extract_load.source_rows import SourceRows
from include.libpq import WORDS
from include.transaction import transaction

log = logging.getLogger(__name__)

# More no longer stays in the processor's cache on its way from one buffer to the next.
PIPE_BYTES = 1 << 17
# A replica sees what was replayed; what is open on its primary it does not know. One that was just started
# may have replayed nothing that has a moment.
WATERMARK = """
select case
    when pg_is_in_recovery()
        then least({moment}, coalesce(pg_last_xact_replay_timestamp(), to_timestamp(0)))
    else {moment}
end
"""


@contextmanager
def snapshot(source: Connection) -> Iterator[Cursor]:
    """Yield a cursor to which the source stands still."""
    source.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with transaction(source) as reader:
        reader.execute(WORDS)
        yield reader


def fill(reader: Cursor, cursor: Cursor, rows: SourceRows, start: raw.LoadStart) -> tuple[int, int]:
    """Copy every row straight into the empty raw table, stamped; count as `_pipe`.

    Where the stamps cannot be the columns' defaults, the source's query adds them.
    """
    with made_ready(cursor, [rows.table], start) as are_defaults:
        added = {} if are_defaults else stamps_of(start)
        names = [*(column.name for column in rows.table.raw_columns), "_source_updated_at", *added]
        target = SQL("raw.{} ({})").format(Identifier(rows.table.raw), SQL(", ").join(map(Identifier, names)))
        return _pipe(reader, _query(rows, None, list(added.values())), cursor, target)


def stage(reader: Cursor, cursor: Cursor, rows: SourceRows, read_from: datetime | None) -> int:
    """Fill the table's stage with what changed since `read_from`; count what the source handed out."""
    raw.create_stage(cursor, rows.table)
    read, _ = _pipe(reader, _query(rows, read_from), cursor, Identifier(f"stage_{rows.table.raw}"))
    return read


def stage_keys(reader: Cursor, cursor: Cursor, rows: SourceRows) -> None:
    """Fill the table's keys with every key of the source."""
    key = SQL(", ").join(map(Identifier, rows.table.raw_key))
    query = SQL("select {} from {}").format(key, rows.good)
    _pipe(reader, query, cursor, Identifier(f"keys_{rows.table.raw}"))


def everything_before_is_visible(source: Connection) -> datetime:
    """Return the moment before which no transaction is open any more.

    What an open transaction writes carries the time of its start as updated_at, but is not visible yet: the
    next load must come back to that moment. It is asked for before the snapshot is taken, not after.
    """
    with transaction(source) as reader:
        try:
            reader.execute(SQL(WATERMARK).format(moment=SQL("elt.oldest_transaction_start()")))
        except (
            psycopg2.errors.UndefinedFunction,
            psycopg2.errors.InvalidSchemaName,
            psycopg2.errors.InsufficientPrivilege,
        ):
            source.rollback()
            log.warning(
                "The source has no elt.oldest_transaction_start(): only the overlap covers late commits."
                " make check-sources prints what an administrator runs for it"
            )
            reader.execute(SQL(WATERMARK).format(moment=SQL("now()")))
        return reader.fetchone()[0]


def _query(rows: SourceRows, read_from: datetime | None, stamps: Sequence[Composable] = ()) -> Composed:
    """Return the query for rows stamped from `read_from` on: columns, stamp, values of further columns."""
    columns = SQL(", ").join(Identifier(column.name) for column in rows.table.raw_columns)
    added = SQL("").join(SQL(", ") + stamp for stamp in stamps)
    return SQL("select {}, {}{} from {} where {}").format(
        columns, rows.stamped_at, added, rows.good, rows.changed_since(read_from)
    )


def _pipe(reader: Cursor, query: Composed, writer: Cursor, target: Composable) -> tuple[int, int]:
    """Stream the query's rows into the target; return how many the source handed out and the target took.

    The reader's own error is raised before what it led to.
    """
    copy_out = SQL("copy ({}) to stdout (format binary)").format(query)
    copy_in = SQL("copy {} from stdin (format binary)").format(target)
    read_end, write_end = os.pipe()
    with ThreadPoolExecutor(max_workers=1) as pool, os.fdopen(read_end, "rb", 0) as incoming:
        reading = pool.submit(_copy_out, reader, copy_out, write_end)
        try:
            writer.copy_expert(copy_in, incoming, size=PIPE_BYTES)
        except psycopg2.Error:
            incoming.close()
            if (cause := reading.exception()) and not isinstance(cause, BrokenPipeError):
                raise cause from None
            raise
        return reading.result(), writer.rowcount


def _copy_out(reader: Cursor, copy_out: Composed, write_end: int) -> int:
    """Write and count the query's rows, and close the pipe, which ends the COPY on the other side."""
    with os.fdopen(write_end, "wb", PIPE_BYTES) as outgoing:
        reader.copy_expert(copy_out, outgoing, size=PIPE_BYTES)
    return reader.rowcount
