"""Read a collection of the MongoDB source into the warehouse, normalised.

Raw tables that are empty are filled directly; later loads go through temporary tables.

Each document becomes one row of its kind's table, with the whole document beside its columns, and one row
for each element of its arrays. A collection has no snapshots: what its documents said when they were read
counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import psycopg2.errors
from bson import DatetimeMS
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Composable, Identifier
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.extract_load import raw
from include.extract_load.mongo_documents import Sorter
from include.extract_load.mongo_keys import (
    drop_superseded,
    is_any_in_two_kinds,
    keep_what_only_seems_gone,
    stage_keys,
)
from include.extract_load.staged import Staged
from include.rules.document_json import to_json
from include.rules.document_values import stamp_of
from include.rules.stored_documents import StoredDocument, read_batch
from include.specs import MongoCollection

# Documents that are in memory as Python's objects at once.
PIECE = 1000
Documents = Sequence[StoredDocument]
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
        sorter = Sorter(collection, staged, stamps)
        _copy(cursor, sorter, _documents(source, collection, {}), partial(Identifier, "raw"))
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
    sorter = Sorter(collection, staged)
    if collection.deletes == "sweep" and not _finds_by_index(source, collection, read_from):
        _stage_in_one_pass(source, cursor, sorter, read_from)
    else:
        changed = _changed_since(collection, read_from)
        _copy(cursor, sorter, _documents(source, collection, changed), _stage_of)
        if collection.deletes == "sweep":
            for documents in _documents(source, collection, {}, _key_fields(collection)):
                stage_keys(cursor, collection, documents)
    dropped = drop_superseded(cursor, collection)
    staged.good_by_table.subtract(dropped)
    staged.repeated += sum(dropped[kind.raw] for kind in collection.kinds)
    staged.refuse_lost(collection)
    keep_what_only_seems_gone(cursor, collection)
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


def _stage_in_one_pass(source: Database, cursor: Cursor, sorter: Sorter, read_from: datetime | None) -> None:
    """Read every document once: the keys of all, and the rows of those that changed."""
    for documents in _documents(source, sorter.collection, {}):
        stage_keys(cursor, sorter.collection, documents)
        changed = [document for document in documents if _has_changed(document, sorter.collection, read_from)]
        _copy(cursor, sorter, [changed], _stage_of)


def _documents(
    source: Database, collection: MongoCollection, *query: Mapping
) -> Iterator[list[StoredDocument]]:
    """Yield the documents that a query finds, in pieces; the server looks for the next ones meanwhile."""
    batches = source[collection.collection].find_raw_batches(*query)
    for batch in _ahead(iter(batches)):
        documents = read_batch(batch)
        while piece := list(islice(documents, PIECE)):
            yield piece


def _ahead(batches: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the batches, each while the next one is fetched."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, batches, None)
        while batch := coming.result():
            coming = pool.submit(next, batches, None)
            yield batch


def _copy(
    cursor: Cursor,
    sorter: Sorter,
    pieces: Iterable[Sequence[StoredDocument]],
    target: Callable[[str], Composable],
) -> None:
    """Copy the rows of the good documents into the target of each raw table."""
    for documents in pieces:
        for table, lines in sorter.sort(documents).items():
            raw.copy_lines(cursor, target(table), sorter.columns[table], lines)


def _stage_of(table: str) -> Identifier:
    return Identifier(f"stage_{table}")


def _key_fields(collection: MongoCollection) -> dict[str, int]:
    """Return the projection on an index's own key plus the kind: no document is read for it."""
    return {"_id": 0, **dict.fromkeys(filter(None, (collection.key, collection.discriminator)), 1)}


def _finds_by_index(source: Database, collection: MongoCollection, read_from: datetime | None) -> bool:
    """Tell whether the server finds what changed without reading the collection, as far as it says."""
    if read_from is None:
        return False
    try:
        plan = source[collection.collection].find(_changed_since(collection, read_from)).explain()
    except OperationFailure:
        return True
    return '"COLLSCAN"' not in to_json(plan)


def _has_changed(document: StoredDocument, collection: MongoCollection, read_from: datetime | None) -> bool:
    """Tell of a document what the query of _changed_since does."""
    stamp = stamp_of(document.document, collection.watermark)
    if read_from is None or not isinstance(stamp, datetime | DatetimeMS):
        return True
    if isinstance(stamp, DatetimeMS):
        return int(stamp) > 0
    return stamp.replace(tzinfo=UTC) >= read_from


def _changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    """Return the query for documents stamped from `read_from` on, and for those without a date as stamp.

    The latter are never past the watermark, so every load reads them again.
    """
    # $lt compares with dates only, so its negation also finds what has no date. Of a negated comparison
    # MongoDB makes two ranges of the index; for a negated $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}
