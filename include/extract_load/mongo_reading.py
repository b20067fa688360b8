"""What is read of a collection: its documents in pieces, those that changed, or the keys of all."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice

from bson import DatetimeMS
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.rules.document_json import to_json
from include.rules.document_values import stamp_of
from include.rules.stored_documents import StoredDocument, read_batch
from include.specs import MongoCollection

# Documents that are in memory as Python's objects at once.
PIECE = 1000


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
    source: Database, collection: MongoCollection, *query: Mapping
) -> Iterator[list[StoredDocument]]:
    """Yield the documents that a query finds, in pieces; the server looks for the next ones meanwhile."""
    batches = source[collection.collection].find_raw_batches(*query)
    for batch in _ahead(iter(batches)):
        found = read_batch(batch)
        while piece := list(islice(found, PIECE)):
            yield piece


def _ahead(batches: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the batches, each while the next one is fetched."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, batches, None)
        while batch := coming.result():
            coming = pool.submit(next, batches, None)
            yield batch


def changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    """Return the query for documents stamped from `read_from` on, and for those without a date as stamp.

    The latter are never past the watermark, so every load reads them again.
    """
    # $lt compares with dates only, so its negation also finds what has no date. Of a negated comparison
    # MongoDB makes two ranges of the index; for a negated $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}


def has_changed(document: StoredDocument, collection: MongoCollection, read_from: datetime | None) -> bool:
    """Tell of a document what the query of changed_since does."""
    stamp = stamp_of(document.document, collection.watermark)
    if read_from is None or not isinstance(stamp, datetime | DatetimeMS):
        return True
    if isinstance(stamp, DatetimeMS):
        return int(stamp) > 0
    return stamp.replace(tzinfo=UTC) >= read_from


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
