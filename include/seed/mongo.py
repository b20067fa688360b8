"""Merge a JSON file into its collection of the MongoDB source, as the product would have written it.

Data flow: file -> check of each document -> comparison with the collection -> writes for the differences. A
document that breaks a rule is rejected, and the stored document with its key stays unchanged.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pymongo import DeleteMany, InsertOne, ReplaceOne
from pymongo.database import Database

from include.errors import InputError
from include.ops.load_runs import Load
from include.rules.documents import find_managed_field, find_problem
from include.rules.reasons import REPEATED_KEY, problem
from include.rules.rejected import Rejected
from include.rules.texts import listed
from include.schema.played import require_played_collection
from include.specs import MongoCollection


def merge_documents(
    database: Database, collection: MongoCollection, path: Path, load: Load, *, is_whole: bool = True
) -> tuple[list[Rejected], list]:
    """Compare the file with the collection; return rejected documents, and the operations for `write`.

    Counts into `load`, writes nothing. Documents that the file lacks are deleted, unless `is_whole` is false.
    Raises InputError for a file that is not JSON of the declared shape, its subclass ForeignTableError for
    a collection that is not the platform's.
    """
    require_played_collection(database, collection)
    found, rejected = _read(collection, path)
    load.read, load.quarantined = len(found) + len(rejected), len(rejected)
    if not found:
        return rejected, []
    if extra := _extra_fields(collection, found):
        load.notes.append(
            f"{path.name} has fields that no column takes, kept in the document: {listed(extra)}"
        )
    now = database.command("hello")["localTime"]
    stored = list(database[collection.name].find())
    writes: list = list(_changes(collection, stored, found, now, load))
    if is_whole:
        writes += _deletions(collection, stored, found, rejected, load)
    return rejected, writes


def write(database: Database, collection: MongoCollection, writes: list) -> None:
    """Execute the operations; a retry of the task completes an interrupted write."""
    if writes:
        database[collection.name].bulk_write(writes, ordered=False)


def _read(collection: MongoCollection, path: Path) -> tuple[dict[str, dict], list[Rejected]]:
    """Return the file's accepted documents by key, each with its kind, and the rejected documents."""
    content = _parse(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: the file must be an object with the lists {_names(collection)}")
    found: dict[str, dict] = {}
    rejected: list[Rejected] = []
    for kind in collection.kinds:
        if not isinstance(content.get(kind.name), list):
            raise InputError(
                f"{path}: the list {kind.name!r} is missing; found {', '.join(content) or 'nothing'}. "
                f"The file must be an object with the lists {_names(collection)}; nothing was loaded"
            )
        for index, document in enumerate(content[kind.name]):
            position = f"{kind.name}[{index}]"
            broken = find_managed_field(collection, document) or find_problem(kind, document)
            if not broken and (key := document[collection.key]) in found:
                broken = problem(REPEATED_KEY, "an earlier document", column=collection.key, value=key)
            if broken:
                rejected.append(Rejected(position, *broken, row=json.dumps(document)))
            else:
                found[document[collection.key]] = {collection.discriminator: kind.tag, **document}
    return found, rejected


def _parse(path: Path) -> object:
    """Return the content of the file; raise InputError, with line and column if known, when it is no JSON."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Put it there, or name another folder") from None
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: not UTF-8. Save the file as UTF-8; nothing was loaded"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}). Nothing was loaded"
        ) from None
    except RecursionError:
        raise InputError(f"{path}: the JSON is nested too deeply to be a catalogue") from None
    except ValueError as error:
        raise InputError(f"{path}: a number in it is too long ({error}). Nothing was loaded") from None


def _changes(
    collection: MongoCollection, stored: list[dict], found: dict[str, dict], now: datetime, load: Load
) -> Iterator[InsertOne | ReplaceOne]:
    """Yield the operations for new keys and for documents that differ from the stored ones; count them."""
    by_key = {key: document for document in stored if isinstance(key := document.get(collection.key), str)}
    for key, document in found.items():
        if (old := by_key.get(key)) is None:
            load.inserted += 1
            yield InsertOne({**document, "created_at": now, "updated_at": now})
        elif document != _as_in_a_file(collection, old):
            load.updated += 1
            stamps = {"created_at": old.get("created_at", now), "updated_at": now}
            yield ReplaceOne({"_id": old["_id"]}, {**document, **stamps})
        else:
            load.unchanged += 1


def _deletions(
    collection: MongoCollection,
    stored: list[dict],
    found: dict[str, dict],
    rejected: list[Rejected],
    load: Load,
) -> list[DeleteMany]:
    """Return the operation that deletes stored documents whose key is not in the file; one or none."""
    kept = found.keys() | _rejected_keys(collection, rejected)
    # A document whose key is not a string cannot be in a file, and is deleted too.
    missing = [
        document["_id"]
        for document in stored
        if not isinstance(key := document.get(collection.key), str) or key not in kept
    ]
    load.deleted = len(missing)
    return [DeleteMany({"_id": {"$in": missing}})] if missing else []


def _as_in_a_file(collection: MongoCollection, document: dict) -> dict:
    """Return a stored document as a file would hold it, plus its kind: without _id and timestamps."""
    managed = {name for name in collection.managed_fields if name != collection.discriminator}
    kind = {collection.discriminator: document.get(collection.discriminator)}
    return kind | {name: value for name, value in document.items() if name not in managed}


def _rejected_keys(collection: MongoCollection, rejected: list[Rejected]) -> set[str]:
    """Return the keys of rejected documents: a rejected document is not a deleted one."""
    documents = (json.loads(row.row) for row in rejected)
    keys = (document.get(collection.key) for document in documents if isinstance(document, dict))
    return {key for key in keys if isinstance(key, str)}


def _extra_fields(collection: MongoCollection, found: dict[str, dict]) -> list[str]:
    """Return the names of the fields that are not declared in sources.yml."""
    known = {collection.discriminator}.union(*(kind.fields for kind in collection.kinds))
    return sorted({name for document in found.values() for name in document} - known)


def _names(collection: MongoCollection) -> str:
    return " and ".join(repr(kind.name) for kind in collection.kinds)
