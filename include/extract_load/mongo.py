"""Read a collection of the MongoDB source into the warehouse, normalised.

Raw tables that are empty are filled directly; later loads go through temporary tables.

Each document becomes one row of its kind's table, with the whole document beside its columns, and one row
for each element of its arrays. A collection has no snapshots: what its documents said when they were read
counts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Composable, Identifier
from pymongo.database import Database

from include.extract_load import raw
from include.extract_load.filling import made_ready
from include.extract_load.mongo_documents import Sorter
from include.extract_load.mongo_keys import (
    drop_superseded,
    is_any_gone,
    is_any_in_two_kinds,
    keep_what_only_seems_gone,
    stage_keys,
)
from include.extract_load.mongo_reading import (
    changed_among,
    changed_since,
    documents,
    everything_before_is_visible,
    finds_by_index,
    glances_at,
    key_fields,
)
from include.extract_load.staged import Staged
from include.rules.stored_documents import StoredDocument, read_together
from include.specs import MongoCollection

BEFORE_FILLING = "before_filling"
# Whose rows wait for the warehouse; with one alone each waits for the other now and then.
PIECES_AHEAD = 2


def fill(
    source: Database, cursor: Cursor, collection: MongoCollection, start: raw.LoadStart
) -> Staged | None:
    """Copy every document straight into the empty raw tables.

    Return None, with nothing copied, when a document came twice: it moved while the collection was read.
    """
    staged = Staged(everything_before_is_visible(source))
    cursor.execute(f"savepoint {BEFORE_FILLING}")
    with suppress(psycopg2.errors.UniqueViolation):
        with made_ready(cursor, collection.raw_tables, start) as are_defaults:
            stamps = {} if are_defaults else {f"_{name}": str(value) for name, value in start.stamps.items()}
            sorter = Sorter(collection, staged, stamps)
            _copy(cursor, sorter, documents(source, collection, {}), partial(Identifier, "raw"))
        if not is_any_in_two_kinds(cursor, collection):
            staged.refuse_lost(collection)
            staged.is_filled = True
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
    if collection.deletes == "sweep" and not finds_by_index(source, collection, read_from):
        _stage_in_one_pass(source, cursor, sorter, read_from)
    else:
        changed = changed_since(collection, read_from)
        _copy(cursor, sorter, documents(source, collection, changed), _stage_of)
        if collection.deletes == "sweep":
            for found in documents(source, collection, {}, key_fields(collection)):
                stage_keys(cursor, collection, found)
    if not staged.read and not (collection.deletes == "sweep" and is_any_gone(cursor, collection)):
        staged.changes_nothing = True
        return staged
    dropped = drop_superseded(cursor, collection)
    staged.good_by_table.subtract(dropped)
    staged.repeated += sum(dropped[kind.raw] for kind in collection.kinds)
    staged.refuse_lost(collection)
    keep_what_only_seems_gone(cursor, collection)
    return staged


def _stage_in_one_pass(source: Database, cursor: Cursor, sorter: Sorter, read_from: datetime | None) -> None:
    """Read every document once: the keys of all, and the rows of those that changed."""
    collection = sorter.collection
    read = glances_at(collection) if read_from else read_together
    for found in documents(source, collection, {}, read=read):
        stage_keys(cursor, collection, found)
        if read_from:
            changed = changed_among(found, collection, read_from)
            found = read_together([each.stored for each in changed])
        if found:
            _copy(cursor, sorter, [found], _stage_of)


def _copy(
    cursor: Cursor,
    sorter: Sorter,
    pieces: Iterable[Sequence[StoredDocument]],
    target: Callable[[str], Composable],
) -> None:
    """Copy the rows of the good documents into the target of each raw table.

    The warehouse takes the rows of up to two pieces while those of the next one are made.
    """
    copying: deque[Future] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for piece in pieces:
            rows = sorter.sort(piece)
            if len(copying) == PIECES_AHEAD:
                copying.popleft().result()
            copying.append(pool.submit(_copy_rows, cursor, sorter, rows, target))
        for copied in copying:
            copied.result()


def _copy_rows(
    cursor: Cursor, sorter: Sorter, rows: Mapping[str, list[str]], target: Callable[[str], Composable]
) -> None:
    for table, lines in rows.items():
        raw.copy_lines(cursor, target(table), sorter.columns[table], lines)


def _stage_of(table: str) -> Identifier:
    return Identifier(f"stage_{table}")
