"""Read a collection of the MongoDB source into the warehouse's temporary tables, normalised.

Each document becomes one row of its kind's table, with the whole document beside its columns, and one row
for each element of its arrays. Every document is checked; one of a wrong shape is set aside.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import permutations

import bson
from bson import json_util
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Identifier
from pymongo.database import Database

from include.extract_load.raw import create_stage
from include.rules.documents import MANAGED_FIELDS, bson_type, find_problem, number
from include.rules.reasons import Problem, problem
from include.rules.rejected import Rejected
from include.tables import Array, Column, DocumentKind, MongoCollection

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass
class Staged:
    """What was read: the next watermark, how many documents, and those set aside, by their id.

    `undated` are the ids of those set aside that every load reads again: their stamp is no date. `new_fields`
    says in which document a field of a type stood first that no column takes.
    """

    watermark: datetime
    read: int = 0
    rejected_by_id: dict[str, tuple[str, Rejected]] = field(default_factory=dict)
    undated: set[str] = field(default_factory=set)
    new_fields: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def rejected(self) -> list[Rejected]:
        return [rejected for _, rejected in self.rejected_by_id.values()]

    @property
    def rejected_by_table(self) -> Counter:
        """Count the rejected documents by raw table."""
        return Counter(table for table, _ in self.rejected_by_id.values())


def stage(
    source: Database, cursor: Cursor, collection: MongoCollection, read_from: datetime | None
) -> Staged:
    """Fill the stages and keys of the collection's raw tables with what changed since `read_from`."""
    for table in collection.raw_tables:
        create_stage(cursor, table)
    # The server's clock, which also sets updated_at, taken before anything is read.
    staged = Staged(source.command("hello")["localTime"].replace(tzinfo=UTC))
    for raw_batch in source[collection.name].find_raw_batches(_changed_since(collection, read_from)):
        _stage_documents(cursor, collection, bson.decode_all(raw_batch), staged)
    for kind in collection.kinds:
        _drop_repeated(cursor, kind.raw, kind.raw_key)
    for array in collection.arrays:
        _drop_repeated(cursor, array.raw, array.raw_key)
        _drop_outdated(cursor, collection, array)
    if collection.deletes == "sweep":
        _stage_keys(source, cursor, collection)
    else:
        _keep_keys(cursor, collection)
    for array in collection.arrays:
        _stage_array_keys(cursor, collection, array)
    return staged


def _changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    # $lt compares with dates only, so its negation also finds what has no date: read every time, since it is
    # never past the watermark. Of a negated comparison MongoDB makes two ranges of the index; for a negated
    # $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}


def _stage_documents(
    cursor: Cursor, collection: MongoCollection, documents: list[dict], staged: Staged
) -> None:
    kinds = {kind.content_type: kind for kind in collection.kinds}
    known = {content_type: _known_fields(collection, kind) for content_type, kind in kinds.items()}
    good: dict[str, list[dict]] = {content_type: [] for content_type in kinds}
    staged.read += len(documents)
    for document in documents:
        kind = kinds.get(_content_type(document))
        for name in document.keys() - known[kind.content_type] if kind else ():
            place = kind.raw, name, bson_type(document[name])
            staged.new_fields.setdefault(place, _printable(document["_id"]))
        if broken := _problem(collection, kind, document):
            table = kind.raw if kind else collection.raw
            rejected = Rejected(_printable(document["_id"]), *broken, row=_json(document))
            staged.rejected_by_id[rejected.position] = table, rejected
            if not isinstance(document.get(collection.watermark), datetime):
                staged.undated.add(rejected.position)
        else:
            good[kind.content_type].append(document)
    for content_type, kind in kinds.items():
        _copy_kind(cursor, kind, good[content_type], collection.watermark)


def _known_fields(collection: MongoCollection, kind: DocumentKind) -> set[str | None]:
    fields = {column.name for column in kind.columns} | {array.field for array in kind.arrays}
    return fields | {collection.watermark, *MANAGED_FIELDS}


def _content_type(document: Mapping) -> str | None:
    value = document.get("content_type")
    return value if isinstance(value, str) else None


def _problem(collection: MongoCollection, kind: DocumentKind | None, document: dict) -> Problem | None:
    if kind is None:
        found = _printable(document.get("content_type"))
        return problem("unknown_kind", column="content_type", value=found)
    stamp = document.get(collection.watermark)
    if not isinstance(stamp, datetime | None):
        return problem("not_a_bson_date", column=collection.watermark, value=_printable(stamp))
    return find_problem(kind, document)


def _printable(value: object) -> str:
    # NUL is the one character that PostgreSQL cannot keep.
    return str(value).replace("\0", "\\0")


def _copy_kind(cursor: Cursor, kind: DocumentKind, documents: list[dict], watermark: str) -> None:
    parents = (
        [*(_value(column, document) for column in kind.columns), document.get(watermark), _json(document)]
        for document in documents
    )
    names = [*(column.name for column in kind.columns), "_source_updated_at", "_document"]
    _copy(cursor, kind.raw, names, parents)
    for array in kind.arrays:
        names = [*(column.name for column in array.raw_columns), "_source_updated_at"]
        _copy(cursor, array.raw, names, _elements(array, documents, watermark))


def _elements(array: Array, documents: list[dict], watermark: str) -> Iterator[list]:
    for document in documents:
        for position, element in enumerate(document.get(array.field) or [], 1):
            value = _value(array.element, {array.element.name: element})
            yield [document["content_id"], position, value, document.get(watermark)]


def _value(column: Column, document: Mapping) -> object:
    value = number(document.get(column.name))
    # 8.0 is a whole number in JSON, and was checked to be one.
    return int(value) if column.is_whole and value is not None else value


def _copy(cursor: Cursor, raw: str, names: list[str], rows: Iterable[list]) -> None:
    text = io.StringIO("".join("\t".join(map(_field, row)) + "\n" for row in rows))
    columns = SQL(", ").join(map(Identifier, names))
    cursor.copy_expert(SQL("copy {} ({}) from stdin").format(Identifier(f"stage_{raw}"), columns), text)


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    # BSON has no time zones: a datetime is UTC.
    return f"{value}Z" if isinstance(value, datetime) else str(value).translate(ESCAPES)


def _json(document: Mapping) -> str:
    return json_util.dumps(document, json_options=json_util.RELAXED_JSON_OPTIONS)


def _drop_repeated(cursor: Cursor, raw: str, key: tuple[str, ...]) -> None:
    # A document that moves in the index while it is read can come twice; the later state counts.
    same_key = SQL(" and ").join(SQL("later.{0} = stage.{0}").format(Identifier(column)) for column in key)
    cursor.execute(
        SQL(
            "delete from {table} as stage using {table} as later where {same_key} and"
            " (coalesce(later._source_updated_at, '-infinity'), later.ctid)"
            " > (coalesce(stage._source_updated_at, '-infinity'), stage.ctid)"
        ).format(table=Identifier(f"stage_{raw}"), same_key=same_key)
    )


def _drop_outdated(cursor: Cursor, collection: MongoCollection, array: Array) -> None:
    # Of a document that came twice, the earlier list may have been longer.
    parents = SQL(" union all ").join(
        SQL("select content_id, _source_updated_at from {}").format(Identifier(f"stage_{kind.raw}"))
        for kind in collection.kinds
    )
    cursor.execute(
        SQL(
            "delete from {stage} as element where not exists (select 1 from ({parents}) as parent"
            " where parent.content_id = element.content_id"
            " and parent._source_updated_at is not distinct from element._source_updated_at)"
        ).format(stage=Identifier(f"stage_{array.raw}"), parents=parents)
    )


def _stage_keys(source: Database, cursor: Cursor, collection: MongoCollection) -> None:
    # The projection is the index's own key plus the kind: no document is read for it.
    fields = {collection.key: 1, "content_type": 1, "_id": 0}
    keys: dict[str | None, list[list]] = {kind.content_type: [] for kind in collection.kinds}
    for document in source[collection.name].find({}, fields):
        # A key that is no text was set aside with its document.
        if _is_key(document.get(collection.key)):
            keys.setdefault(_content_type(document), []).append([document[collection.key]])
    known = {kind.content_type for kind in collection.kinds}
    unknown = [key for content_type, found in keys.items() if content_type not in known for key in found]
    for kind in collection.kinds:
        text = io.StringIO("".join(_field(key) + "\n" for (key,) in [*keys[kind.content_type], *unknown]))
        cursor.copy_expert(SQL("copy {} from stdin").format(Identifier(f"keys_{kind.raw}")), text)
    _keep_while_the_new_kind_is_broken(cursor, collection)


def _keep_keys(cursor: Cursor, collection: MongoCollection) -> None:
    # What was not read stays as it is; a document that was read has left the kind that it had before.
    for kind in collection.kinds:
        cursor.execute(
            SQL(
                "insert into {keys} select content_id from {stage} union all"
                " select content_id from raw.{raw} where _deleted_at is null and content_id not in ({read})"
            ).format(
                keys=Identifier(f"keys_{kind.raw}"),
                stage=Identifier(f"stage_{kind.raw}"),
                raw=Identifier(kind.raw),
                read=_content_ids(collection, "stage"),
            )
        )


def _keep_while_the_new_kind_is_broken(cursor: Cursor, collection: MongoCollection) -> None:
    # A title that became another kind, but was set aside as such, keeps the row that it had.
    for old, new in permutations((kind.raw for kind in collection.kinds), 2):
        cursor.execute(
            SQL(
                "insert into {old_keys} select content_id from {new_keys} as moved"
                " where exists (select 1 from raw.{old} as row"
                "  where row.content_id = moved.content_id and row._deleted_at is null)"
                " and not exists (select 1 from raw.{new} as row"
                "  where row.content_id = moved.content_id and row._deleted_at is null)"
                " and not exists (select 1 from {staged} as row where row.content_id = moved.content_id)"
            ).format(
                old=Identifier(old),
                new=Identifier(new),
                old_keys=Identifier(f"keys_{old}"),
                new_keys=Identifier(f"keys_{new}"),
                staged=Identifier(f"stage_{new}"),
            )
        )


def _is_key(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _stage_array_keys(cursor: Cursor, collection: MongoCollection, array: Array) -> None:
    # The elements of a document that was read are replaced; those of an untouched one stay.
    cursor.execute(
        SQL(
            "insert into {keys} select {key} from {stage}"
            " union select {key} from raw.{raw} as element"
            " where element.content_id in ({parents}) and element.content_id not in ({read})"
        ).format(
            keys=Identifier(f"keys_{array.raw}"),
            stage=Identifier(f"stage_{array.raw}"),
            raw=Identifier(array.raw),
            key=SQL(", ").join(map(Identifier, array.raw_key)),
            parents=_content_ids(collection, "keys"),
            read=_content_ids(collection, "stage"),
        )
    )


def _content_ids(collection: MongoCollection, prefix: str) -> Composable:
    return SQL(" union all ").join(
        SQL("select content_id from {}").format(Identifier(f"{prefix}_{kind.raw}"))
        for kind in collection.kinds
    )
