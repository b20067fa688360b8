"""What is read of a collection: its documents in pieces, those that changed, or the keys of all."""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from bson import DatetimeMS
from pymongo.command_cursor import RawBatchCommandCursor
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.rules.bson_bytes import split
from include.rules.document_json import to_json
from include.rules.document_values import stamp_of
from include.rules.stored_documents import StoredDocument, glance_together, read_together
from include.specs import MongoCollection

# Documents that are asked for at once, and about how many bytes: the library holds six times as many.
FIRST_BATCH, BATCH, BATCH_BYTES = 10, 4000, 4 << 20
# Bytes of documents that are in memory as Python's objects.
PIECE_BYTES = 1 << 20
TURN_SECONDS = 0.0005
# How many objects come before Python looks for cycles among them.
NEW_OBJECTS = 100_000


def everything_before_is_visible(source: Database) -> datetime:
    """Return the server's clock, which also sets updated_at; ask before anything is read.

    A secondary, if the connection prefers to read from one, shows what it has replayed, and no more.
    """
    hello = source.command("hello", read_preference=source.read_preference)
    moment = hello["localTime"]
    if hello.get("secondary"):
        moment = min(moment, hello["lastWrite"]["lastWriteDate"])
    return moment.replace(tzinfo=UTC)


def documents(
    source: Database,
    collection: MongoCollection,
    query: Mapping,
    fields: Mapping | None = None,
    read: Callable[[Sequence[bytes]], list[StoredDocument]] = read_together,
) -> Iterator[list[StoredDocument]]:
    """Yield what a query finds, in pieces; the server looks for the next ones meanwhile."""
    pipeline = [{"$match": query}, *([{"$project": fields}] if fields else [])]
    # Of a find() the size of batches cannot change.
    batches = source[collection.collection].aggregate_raw_batches(pipeline, batchSize=FIRST_BATCH)
    yield from map(read, _in_pieces(chain.from_iterable(map(split, _ahead(batches)))))


def _ahead(batches: RawBatchCommandCursor) -> Iterator[bytes]:
    """Yield the batches, each while the next one is fetched: of large documents fewer."""
    size = FIRST_BATCH
    with _undisturbed(), ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, batches, None)
        while batch := coming.result():
            size = min(BATCH, max(BATCH_BYTES * size // len(batch), 1))
            batches.batch_size(size)
            coming = pool.submit(next, batches, None)
            yield batch


def _in_pieces(documents: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the documents a few thousand at once, large ones one by one."""
    piece: list[bytes] = []
    size = 0
    for document in documents:
        piece.append(document)
        size += len(document)
        if size > PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a thread to which a server has answered go on soon, and seldom look for cycles of objects.

    Python lets a thread wait for 5 ms each time. It looks for cycles whenever 700 more objects are there:
    those of a few hundred documents, which have none.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(TURN_SECONDS)
    gc.set_threshold(NEW_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)


def glances_at(collection: MongoCollection) -> Callable[[Sequence[bytes]], list[StoredDocument]]:
    """Return what reads documents as far as their key, their kind and their stamp need it."""
    paths = filter(None, (collection.key, collection.discriminator, collection.watermark))
    names = {f"{name}\0".encode() for path in paths for name in path.split(".")}
    return partial(glance_together, names=names)


def changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    """Return the query for documents stamped from `read_from` on, and for those without a date as stamp.

    The latter are never past the watermark, so every load reads them again.
    """
    # $lt compares with dates only, so its negation also finds what has no date. Of a negated comparison
    # MongoDB makes two ranges of the index; for a negated $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}


def changed_among(
    documents: Sequence[StoredDocument], collection: MongoCollection, read_from: datetime
) -> list[StoredDocument]:
    """Return those documents that the query of changed_since finds."""
    bound = read_from.astimezone(UTC).replace(tzinfo=None)
    stamps = [stamp_of(document.document, collection.watermark) for document in documents]
    if set(map(type, stamps)) == {datetime} and max(stamps) < bound:
        return []
    found = zip(documents, stamps, strict=True)
    return [document for document, stamp in found if _has_changed(stamp, bound)]


def _has_changed(stamp: object, bound: datetime) -> bool:
    if not isinstance(stamp, datetime | DatetimeMS):
        return True
    return int(stamp) > 0 if isinstance(stamp, DatetimeMS) else stamp >= bound


def finds_by_index(source: Database, collection: MongoCollection, read_from: datetime | None) -> bool:
    """Tell whether the server finds what changed without reading the collection, as far as it says."""
    if read_from is None:
        return False
    try:
        query = {"find": collection.collection, "filter": changed_since(collection, read_from)}
        # With any other verbosity the server looks for the documents.
        plan = source.command("explain", query, verbosity="queryPlanner")
    except OperationFailure:
        return True
    return '"COLLSCAN"' not in to_json(plan)


def key_fields(collection: MongoCollection) -> dict[str, int]:
    """Return the projection on an index's own key plus the kind: no document is read for it."""
    return {"_id": 0, **dict.fromkeys(filter(None, (collection.key, collection.discriminator)), 1)}
