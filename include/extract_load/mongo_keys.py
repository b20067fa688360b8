"""Which documents and array elements of a collection are live, in the temporary tables `keys_*`.

A collection has no snapshots: while it is read, a document may come twice, change its kind, or be rejected.
What is not in `keys_*` is marked as deleted in raw, so everything that only *seems* gone must be there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, islice, permutations

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.errors import InputError
from include.extract_load.document_rows import writer_of
from include.extract_load.plain_documents import fields_of
from include.extract_load.raw import copy_lines
from include.rules.document_values import raw_value, reader_at, value_at
from include.rules.positions import elements_of
from include.rules.stored_documents import StoredDocument, read_batch, read_document
from include.rules.value_checks import check_of
from include.specs import Array, DocumentKind, MongoCollection

SHOWN_KEYS = 5
# A Code, which is a str, too, equals none, and has no hash.
TAG_TYPES = {str, type(None)}
DROP_REPEATED = """
delete from {stage} as stage using {stage} as later
where {same_key}
    and (coalesce(later._source_updated_at, '-infinity'), later.ctid)
    > (coalesce(stage._source_updated_at, '-infinity'), stage.ctid)
"""
DROP_OUTDATED = """
delete from {stage} as element where not exists (
    select 1 from ({parents}) as parent
    where parent.{key} = element.{key}
        and parent._source_updated_at is not distinct from element._source_updated_at
)
"""
# By sets, which cost the same however many rows the planner expects.
GONE = "select exists (select {2} from raw.{0} where _deleted_at is null except select {2} from {1})"
IN_TWO_KINDS = "select exists (select from raw.{0} inner join raw.{1} using ({2}))"
KEEP_UNREAD = """
insert into {keys}
select {key} from {stage}
union all
select {key} from raw.{raw} where _deleted_at is null and {key} not in ({read})
"""
KEEP_FORMER_KIND = """
insert into {old_keys}
select {key} from {new_keys} as moved
where exists (select 1 from raw.{old} as row where row.{key} = moved.{key} and row._deleted_at is null)
    and not exists (select 1 from raw.{new} as row where row.{key} = moved.{key} and row._deleted_at is null)
    and not exists (select 1 from {new_stage} as row where row.{key} = moved.{key})
"""
KEEP_ELEMENTS = """
insert into {keys}
select {element_key} from {stage}
union
select {element_key} from raw.{raw} as element
where element.{key} in ({live}) and element.{key} not in ({read})
"""


def kind_of(document: Mapping, collection: MongoCollection) -> DocumentKind | None:
    """Return the kind that the document says it is; that of a collection of one kind needs no word."""
    if collection.discriminator is None:
        return collection.kinds[0]
    tag = value_at(collection.discriminator, document)
    for kind in collection.kinds:
        if kind.tag == tag:
            return kind
    return None


def by_kind(
    documents: Sequence[StoredDocument], collection: MongoCollection
) -> dict[str | None, list[StoredDocument]]:
    """Return the documents by the raw table of their kind; under None those of no kind, or with a fault."""
    tables = {kind.tag: kind.raw for kind in collection.kinds}
    name = collection.discriminator
    read = reader_at(name) if name else lambda _: collection.kinds[0].tag
    groups: dict[str | None, list[StoredDocument]] = {}
    for stored in documents:
        tag = read(stored.document)
        is_usual = not stored.fault and type(tag) in TAG_TYPES
        groups.setdefault(tables.get(tag) if is_usual else None, []).append(stored)
    return groups


def refuse_repeated_keys(source: Database, collection: MongoCollection) -> None:
    """Raise InputError when documents share a key, which only a unique index of the source rules out."""
    documents, key = source[collection.collection], collection.key
    if unique_index(_indexes(source, collection.collection), key):
        return
    batches = documents.aggregate_raw_batches(
        [
            {"$group": {"_id": f"${key}", "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}}},
            {"$sort": {"_id": 1}},
        ],
        allowDiskUse=True,
    )
    groups = (group for batch in batches for group in read_batch(batch) if not group.fault)
    found = (group.document["_id"] for group in groups)
    breaks = check_of(collection.key_column)
    # What cannot be a key is set aside, document by document.
    repeated = (value for value in found if not breaks(value))
    if keys := [str(raw_value(collection.key_column, value)) for value in islice(repeated, SHOWN_KEYS)]:
        raise InputError(
            f"{collection.name}: documents of {collection.collection} share a key ({key}): {', '.join(keys)}."
            " Declare in include/sources.yml the field that tells them apart; _id always does. Nothing was"
            " loaded"
        )


def unique_index(indexes: Mapping[str, Mapping], key: str) -> str | None:
    """Return the index that holds the field unique, None when none does; that on _id always does."""
    for name, index in indexes.items():
        is_unique = key == "_id" or (index.get("unique") and "partialFilterExpression" not in index)
        if is_unique and [field for field, _ in index["key"]] == [key]:
            return name
    return None


def _indexes(source: Database, name: str) -> Mapping[str, Mapping]:
    """Return the collection's indexes; a view has none, and says so by an error, or not at all."""
    (found,) = source.list_collections(filter={"name": name})
    try:
        return {} if found.get("type") == "view" else source[name].index_information()
    except OperationFailure:
        return {}


def drop_superseded(cursor: Cursor, collection: MongoCollection) -> Counter:
    """Of a document that came twice, since it moved in the index while it was read, keep the later state.

    Return how many rows of earlier states went, by raw table.
    """
    dropped = Counter({table.raw: _drop_repeated(cursor, table) for table in collection.raw_tables})
    dropped.update({array.raw: _drop_outdated(cursor, collection, array) for array in collection.arrays})
    return dropped


def is_any_in_two_kinds(cursor: Cursor, collection: MongoCollection) -> bool:
    """Tell whether raw has a document as two kinds: it became another while the collection was read."""
    for one, other in combinations(collection.kinds, 2):
        names = (Identifier(one.raw), Identifier(other.raw), Identifier(collection.key))
        cursor.execute(SQL(IN_TWO_KINDS).format(*names))
        if cursor.fetchone()[0]:
            return True
    return False


def stage_keys(cursor: Cursor, collection: MongoCollection, documents: Sequence[StoredDocument]) -> None:
    """Add the documents' keys to `keys_*`; one of no known kind counts for all, and so deletes nothing."""
    breaks, write_all = check_of(collection.key_column), fields_of(collection.key_column)
    groups = by_kind(documents, collection)
    # A key that cannot be one was set aside with its document.
    unknown = [key for key in _keys_of(groups.get(None, ()), collection.key) if not breaks(key)]
    for kind in collection.kinds:
        keys = [*_keys_of(groups.get(kind.raw, ()), collection.key), *unknown]
        fields = write_all(keys)
        if fields is None:
            write = writer_of(collection.key_column)
            fields = [write(key) for key in keys if not breaks(key)]
        copy_lines(cursor, _keys(kind), [collection.key], fields)


def is_any_gone(cursor: Cursor, collection: MongoCollection) -> bool:
    """Tell whether a live document of raw is not in `keys_*`."""
    for kind in collection.kinds:
        names = (Identifier(kind.raw), _keys(kind), Identifier(collection.key))
        cursor.execute(SQL(GONE).format(*names))
        if cursor.fetchone()[0]:
            return True
    return False


def keep_what_only_seems_gone(cursor: Cursor, collection: MongoCollection) -> None:
    """Complete `keys_*`, of all kinds and then of their arrays."""
    if collection.deletes == "sweep":
        _keep_former_kinds(cursor, collection)
    else:
        _keep_unread(cursor, collection)
    for array in collection.arrays:
        _keep_elements(cursor, collection, array)


def _drop_repeated(cursor: Cursor, table: DocumentKind | Array) -> int:
    """Delete staged rows of which a later state was staged too; return how many."""
    same_key = [SQL("later.{0} = stage.{0}").format(Identifier(column)) for column in table.raw_key]
    query = SQL(DROP_REPEATED).format(stage=_stage(table), same_key=SQL(" and ").join(same_key))
    cursor.execute(query)
    return cursor.rowcount


def _drop_outdated(cursor: Cursor, collection: MongoCollection, array: Array) -> int:
    """Delete and count staged elements that are not of the document's later state, which may have fewer."""
    parents = [
        SQL("select {}, _source_updated_at from {}").format(Identifier(collection.key), _stage(kind))
        for kind in collection.kinds
    ]
    cursor.execute(
        SQL(DROP_OUTDATED).format(
            stage=_stage(array), key=Identifier(collection.key), parents=SQL(" union all ").join(parents)
        )
    )
    return cursor.rowcount


def _keys_of(documents: Sequence[StoredDocument], name: str) -> list[object]:
    """Return the documents' keys, several of one where it repeats."""
    keys: list[object] = []
    for document in documents:
        if document.fault:
            fields = elements_of(document.stored, name.encode())
            read = (read_document(element.as_document()) for element in fields)
            keys += [each.document[""] for each in read if not each.fault]
        else:
            keys.append(document.document.get(name))
    return keys


def _keep_former_kinds(cursor: Cursor, collection: MongoCollection) -> None:
    """Keep the row of a title that became another kind, but is broken as such.

    T1 was a movie and is now a series with a bad rating. It is rejected, so the series have no row of it;
    without this its movie would be marked as deleted too, and raw would hold no T1 at all.
    """
    for old, new in permutations(collection.kinds, 2):
        cursor.execute(
            SQL(KEEP_FORMER_KIND).format(
                key=Identifier(collection.key),
                old=Identifier(old.raw),
                new=Identifier(new.raw),
                old_keys=_keys(old),
                new_keys=_keys(new),
                new_stage=_stage(new),
            )
        )


def _keep_unread(cursor: Cursor, collection: MongoCollection) -> None:
    """Keep every live row whose document was not read; a document that was read has left its former kind."""
    for kind in collection.kinds:
        cursor.execute(
            SQL(KEEP_UNREAD).format(
                keys=_keys(kind),
                key=Identifier(collection.key),
                stage=_stage(kind),
                raw=Identifier(kind.raw),
                read=_documents(collection, "stage"),
            )
        )


def _keep_elements(cursor: Cursor, collection: MongoCollection, array: Array) -> None:
    """Keep the elements of live documents that were not read; those of the others were staged anew."""
    cursor.execute(
        SQL(KEEP_ELEMENTS).format(
            keys=_keys(array),
            key=Identifier(collection.key),
            element_key=SQL(", ").join(map(Identifier, array.raw_key)),
            stage=_stage(array),
            raw=Identifier(array.raw),
            live=_documents(collection, "keys"),
            read=_documents(collection, "stage"),
        )
    )


def _documents(collection: MongoCollection, prefix: str) -> Composed:
    """Return a query for the documents' keys in the temporary tables of all kinds."""
    queries = [
        SQL("select {} from {}").format(Identifier(collection.key), Identifier(f"{prefix}_{kind.raw}"))
        for kind in collection.kinds
    ]
    return SQL(" union all ").join(queries)


def _stage(table: DocumentKind | Array) -> Identifier:
    return Identifier(f"stage_{table.raw}")


def _keys(table: DocumentKind | Array) -> Identifier:
    return Identifier(f"keys_{table.raw}")
