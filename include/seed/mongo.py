"""Merge a JSON file into its collection of the MongoDB source, as the product would have written it.

Data flow: file -> check of each document -> comparison with the collection -> writes for the differences. A
document that breaks a rule is rejected, and the stored document with its key stays unchanged.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bson import ObjectId
from pymongo import DeleteMany, InsertOne, ReplaceOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from include.ops.load_runs import Load
from include.rules.reasons import problem
from include.rules.rejected import Rejected
from include.rules.texts import clipped, listed
from include.schema.played import require_played_collection
from include.seed.checked import Accepted, Checked, Lists
from include.seed.json_file import read_lists
from include.seed.refused import Refused
from include.seed.storable import find_size_problem
from include.seed.stored import Stored, read_stored
from include.specs import MongoCollection

# Takes the bytes of the one that a new document will get.
SOME_ID = ObjectId()
# Codes of errors that another document would not have met: value, type, overflow (too deep), length, BSON; $,
# reference, empty name, name with a dot; schema; size; key of an index; size after an update. All known ones
# are found before the write, but other versions of the server have other limits.
ABOUT_THE_DOCUMENT = {2, 14, 15, 16, 22, 52, 55, 56, 57, 121, 10334, 17280, 17419, 17420}


class Write(NamedTuple):
    """An operation for MongoDB, and the document that it brings; None for a deletion."""

    operation: InsertOne | ReplaceOne | DeleteMany
    accepted: Accepted | None = None


def merge_documents(
    database: Database, collection: MongoCollection, path: Path, load: Load
) -> tuple[list[Rejected], list[Write]]:
    """Compare the file with the collection; return rejected documents, and the operations for `write`.

    Counts into `load`, writes nothing. Documents that the file lacks are deleted.
    Raises InputError for a file that is not JSON of the declared shape, its subclass ForeignTableError for
    a collection that is not the platform's.
    """
    require_played_collection(database, collection)
    lists, others = read_lists(path, [kind.name for kind in collection.kinds])
    if others:
        load.notes.append(f"{path.name} has more than its lists, which is not loaded: {listed(others)}")
    return merge_lists(database, collection, lists, load)


def merge_lists(
    database: Database, collection: MongoCollection, lists: Lists, load: Load, *, is_whole: bool = True
) -> tuple[list[Rejected], list[Write]]:
    """Do what `merge_documents` does with parsed lists; without `is_whole` nothing is deleted."""
    require_played_collection(database, collection)
    checked = Checked().check(collection, lists)
    load.read = sum(len(lists[kind.name]) for kind in collection.kinds)
    writes: list[Write] = []
    if checked.accepted:
        if extra := _extra_fields(collection, checked):
            load.notes.append(
                f"{collection.file} has fields that no column takes, kept in the document: {listed(extra)}"
            )
        now = database.command("hello")["localTime"]
        stored = list(read_stored(database, collection))
        writes += _changes(collection, stored, checked, now, load)
        writes += _deletions(stored, checked, load) if is_whole else ()
    load.quarantined = len(checked.rejected)
    return checked.rejected, writes


def write(database: Database, collection: MongoCollection, writes: Sequence[Write]) -> list[Refused]:
    """Execute the operations; return the documents that the server refused, each with its reason.

    A retry of the task completes an interrupted write. Raises BulkWriteError, with the first of the server's
    errors, when one is not about the document.
    """
    if not writes:
        return []
    try:
        database[collection.name].bulk_write([write.operation for write in writes], ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        others = [one for one in errors if not _is_about_document(writes, one)]
        if others or error.details["writeConcernErrors"]:
            raise _without_documents(error, others) from None
        return [_refused(writes[one["index"]], one) for one in errors]
    return []


def _changes(
    collection: MongoCollection, stored: list[Stored], checked: Checked, now: datetime, load: Load
) -> Iterator[Write]:
    """Yield the operations for new keys and for documents that differ from the stored ones; count them."""
    by_key = {one.key: one for one in stored if one.key is not None}
    for key, accepted in checked.accepted.items():
        old = by_key.get(key)
        if old and old.is_same(accepted.document):
            load.unchanged += 1
            continue
        ours = old.ours if old else {"_id": SOME_ID}
        document = accepted.document | {"created_at": ours.get("created_at", now), "updated_at": now}
        if broken := find_size_problem(ours["_id"], document, accepted.text):
            checked.rejected.append(accepted.rejected(broken))
        elif old:
            load.updated += 1
            yield Write(ReplaceOne({"_id": ours["_id"]}, document), accepted)
        else:
            load.inserted += 1
            yield Write(InsertOne(document), accepted)


def _deletions(stored: list[Stored], checked: Checked, load: Load) -> list[Write]:
    """Return the operation that deletes stored documents whose key is not in the file; one or none.

    A rejected document is not a deleted one.
    """
    kept = checked.accepted.keys() | checked.rejected_keys
    # A document whose key is not a text cannot be in a file, and is deleted too.
    missing = [one.ours["_id"] for one in stored if one.key not in kept]
    load.deleted = len(missing)
    return [Write(DeleteMany({"_id": {"$in": missing}}))] if missing else []


def _extra_fields(collection: MongoCollection, checked: Checked) -> list[str]:
    """Return the names of the fields that are not declared in sources.yml."""
    known = {collection.discriminator}.union(*(kind.fields for kind in collection.kinds))
    return sorted({name for accepted in checked.accepted.values() for name in accepted.document} - known)


def _is_about_document(writes: Sequence[Write], error: Mapping) -> bool:
    """Tell whether the server refused one document for what it is, not for a fault of its own."""
    return error["code"] in ABOUT_THE_DOCUMENT and writes[error["index"]].accepted is not None


def _refused(write: Write, error: Mapping) -> Refused:
    broken = problem("refused", clipped(f"{error['errmsg']} (code {error['code']})"))
    return Refused(write.accepted.rejected(broken), isinstance(write.operation, InsertOne))


def _without_documents(error: BulkWriteError, errors: list[dict]) -> BulkWriteError:
    """Return the error with the first of these, and without the document that the driver prints with it."""
    first = [{"code": one["code"], "errmsg": clipped(one["errmsg"])} for one in errors[:1]]
    return BulkWriteError({**error.details, "writeErrors": first})
