"""Read a collection of the MongoDB source into the warehouse, normalised.

Raw tables that are empty are filled directly; later loads go through temporary tables.

Each document becomes one row of its kind's table, with the whole document beside its columns, and one row
for each element of its arrays. A collection has no snapshots: what its documents said when they were read
counts.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Composable, Identifier
from pymongo.database import Database

from include.extract_load import raw
from include.extract_load.mongo_documents import Sorter
from include.extract_load.mongo_keys import drop_superseded, is_any_in_two_kinds, stage_keys
from include.extract_load.staged import Staged
from include.rules.stored_documents import read_batch
from include.specs import MongoCollection

# Documents that are in memory as Python's objects at once.
PIECE = 1000
BEFORE_FILLING = "before_filling"


def fill(
    source: Database, cursor: Cursor, collection: MongoCollection, start: raw.LoadStart
) -> Staged | None:
    """Copy every document straight into the empty raw tables.

    Return None, with nothing copied, when a document came twice: it moved while the collection was read.
    """
    staged = Staged(everything_before_is_visible(source))
    stamps = {f"_{name}": str(value) for name, value in start.stamps.items()}
    cursor.execute(f"savepoint {BEFORE_FILLING}")
    with suppress(psycopg2.errors.UniqueViolation):
        _read(source, cursor, Sorter(collection, staged, stamps), {}, lambda table: Identifier("raw", table))
        if not is_any_in_two_kinds(cursor, collection):
            staged.refuse_lost(collection)
            return staged
    undo_filling(cursor)
    return None


def undo_filling(cursor: Cursor) -> None:
    """Empty the raw tables that this transaction has filled."""
    cursor.execute(f"rollback to savepoint {BEFORE_FILLING}")


def stage(
    source: Database, cursor: Cursor, collection: MongoCollection, read_from: datetime | None
) -> Staged:
    """Fill the stages and keys of the collection's raw tables with what changed since `read_from`."""
    for table in collection.raw_tables:
        raw.create_stage(cursor, table)
    staged = Staged(everything_before_is_visible(source))
    changed = _changed_since(collection, read_from)
    _read(source, cursor, Sorter(collection, staged), changed, lambda table: Identifier(f"stage_{table}"))
    dropped = drop_superseded(cursor, collection)
    staged.good_by_table.subtract(dropped)
    staged.repeated += sum(dropped[kind.raw] for kind in collection.kinds)
    staged.refuse_lost(collection)
    stage_keys(source, cursor, collection)
    return staged


def everything_before_is_visible(source: Database) -> datetime:
    """Return the server's clock, which also sets updated_at; ask before anything is read.

    A secondary, if the connection prefers to read from one, shows what it has replayed, and no more.
    """
    hello = source.command("hello", read_preference=source.read_preference)
    moment = hello["localTime"]
    if hello.get("secondary"):
        moment = min(moment, hello["lastWrite"]["lastWriteDate"])
    return moment.replace(tzinfo=UTC)


def _read(
    source: Database, cursor: Cursor, sorter: Sorter, query: Mapping, target: Callable[[str], Composable]
) -> None:
    """Copy the rows of the good documents that the query finds into the target of each raw table."""
    for batch in source[sorter.collection.collection].find_raw_batches(query):
        documents = read_batch(batch)
        while piece := list(islice(documents, PIECE)):
            for table, lines in sorter.sort(piece).items():
                raw.copy_lines(cursor, target(table), sorter.columns[table], lines)


def _changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    """Return the query for documents stamped from `read_from` on, and for those without a date as stamp.

    The latter are never past the watermark, so every load reads them again.
    """
    # $lt compares with dates only, so its negation also finds what has no date. Of a negated comparison
    # MongoDB makes two ranges of the index; for a negated $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}
