"""Read a collection of the MongoDB source into the warehouse's temporary tables, normalised.

Each document becomes one row of its kind's table, with the whole document beside its columns, and one row
for each element of its arrays. Every document is decoded and checked by itself; one that cannot be decoded,
or is of a wrong shape, is set aside.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bson import DatetimeMS
from psycopg2.extensions import cursor as Cursor
from pymongo.database import Database

from include.errors import DataQualityError
from include.extract_load.mongo_keys import drop_superseded, kind_of, stage_keys
from include.extract_load.raw import copy_rows, create_stage
from include.rules.document_values import printable, raw_value, stamp_of, value_at, value_of
from include.rules.documents import bson_type, find_broken_rule, find_json_problem
from include.rules.positions import elements_of
from include.rules.reasons import Problem, problem
from include.rules.rejected import Rejected
from include.rules.stored_documents import StoredDocument, read_batch
from include.specs import Array, Column, DocumentKind, MongoCollection

# A document that is loaded, and its JSON.
Good = tuple[dict[str, object], str]


@dataclass
class Staged:
    """What was read: the next watermark, how many documents the server handed out, and those set aside.

    Of the documents `repeated` came once more, since they moved while the collection was read.
    `rejected_by_id` has the table and the rejection by position (positions.py). `undated` are the positions
    of those that every load reads again: their stamp is no date. `new_fields` says in which document a field
    of a type stood first that no column takes. `good_by_table` counts the rows that were staged, and stay.
    """

    watermark: datetime
    read: int = 0
    repeated: int = 0
    rejected_by_id: dict[str, tuple[str, Rejected]] = field(default_factory=dict)
    undated: set[str] = field(default_factory=set)
    new_fields: dict[tuple[str, str, str], str] = field(default_factory=dict)
    good_by_table: Counter = field(default_factory=Counter)
    _keys: dict[str, object] = field(default_factory=dict)

    @property
    def rejected(self) -> list[Rejected]:
        return [rejected for _, rejected in self.rejected_by_id.values()]

    def came_now(self, read_from: datetime | None) -> tuple[int, list[Rejected]]:
        """Return how many documents came with this load, and which of them were set aside.

        What every load reads again, because it has no date, says nothing about what came with this one.
        """
        old = self.undated if read_from else set()
        return self.read - len(old), [row for row in self.rejected if row.position not in old]

    @property
    def rejected_by_table(self) -> Counter:
        """Count the rejected documents by raw table."""
        return Counter(table for table, _ in self.rejected_by_id.values())

    def free_position(self, document: StoredDocument, key: str) -> str:
        """Return the position of a document to set aside; another one with its `_id` makes it a numbered one.

        Only a view hands out several documents with one `_id`, or without any. What has the same key as well
        came once more: its later state counts.
        """
        position, number = document.position, 1
        ids, keys = (elements_of(document.stored, name) for name in (b"_id", key.encode()))
        while (place := position if number == 1 else f"{position} ({number})") in self.rejected_by_id:
            if ids and self._keys[place] == keys:
                self.repeated += 1
                break
            number += 1
        self._keys[place] = keys
        return place

    def refuse_lost(self, collection: MongoCollection) -> None:
        """Raise DataQualityError when not every document that the server handed out is good or rejected."""
        good = sum(self.good_by_table[kind.raw] for kind in collection.kinds)
        rejected = len(self.rejected_by_id)
        if self.read != self.repeated + good + rejected:
            raise DataQualityError(
                f"{collection.raw}: of {self.read:,} documents that were read {self.repeated:,} came twice,"
                f" {good:,} are good and {rejected:,} rejected: some are lost. Nothing was loaded; please"
                " report it"
            )


def stage(
    source: Database, cursor: Cursor, collection: MongoCollection, read_from: datetime | None
) -> Staged:
    """Fill the stages and keys of the collection's raw tables with what changed since `read_from`."""
    for table in collection.raw_tables:
        create_stage(cursor, table)
    staged = Staged(everything_before_is_visible(source))
    for raw_batch in source[collection.collection].find_raw_batches(_changed_since(collection, read_from)):
        _stage_documents(cursor, collection, list(read_batch(raw_batch)), staged)
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


def _changed_since(collection: MongoCollection, read_from: datetime | None) -> dict:
    """Return the query for documents stamped from `read_from` on, and for those without a date as stamp.

    The latter are never past the watermark, so every load reads them again.
    """
    # $lt compares with dates only, so its negation also finds what has no date. Of a negated comparison
    # MongoDB makes two ranges of the index; for a negated $type it would read the whole collection.
    return {collection.watermark: {"$not": {"$lt": read_from}}} if read_from else {}


def _stage_documents(
    cursor: Cursor, collection: MongoCollection, documents: list[StoredDocument], staged: Staged
) -> None:
    """Copy the good documents into their stages, and set the others aside."""
    known = {kind.tag: _known_fields(collection, kind) for kind in collection.kinds}
    good: dict[str | None, list[Good]] = {kind.tag: [] for kind in collection.kinds}
    staged.read += len(documents)
    for stored in documents:
        document = stored.document
        kind = kind_of(document, collection)
        for name in document.keys() - known[kind.tag] if kind else ():
            place = kind.raw, name, bson_type(document[name])
            if place not in staged.new_fields:
                staged.new_fields[place] = stored.position
        text, broken = _judge(collection, kind, stored)
        if broken:
            table = kind.raw if kind else collection.raw
            _set_aside(collection, table, stored, Rejected("", *broken, row=text), staged)
        else:
            good[kind.tag].append((document, text))
    for kind in collection.kinds:
        staged.good_by_table.update(_copy_kind(cursor, kind, good[kind.tag], collection.watermark))


def _judge(
    collection: MongoCollection, kind: DocumentKind | None, stored: StoredDocument
) -> tuple[str, Problem | None]:
    """Return the document as JSON, and what keeps it out of raw."""
    text = stored.text
    if found := stored.fault or _problem(collection, kind, stored.document):
        return text, found
    return text, find_json_problem(stored.document, text)


def _set_aside(
    collection: MongoCollection, table: str, stored: StoredDocument, rejected: Rejected, staged: Staged
) -> None:
    """Keep a rejected document, counted under its kind's table, or under the collection for no known kind."""
    position = staged.free_position(stored, collection.key)
    staged.rejected_by_id[position] = table, replace(rejected, position=position)
    stamp = stamp_of(stored.document, collection.watermark)
    # A date after year 9999 is past every watermark, one before year 1 past none.
    if not isinstance(stamp, datetime) and not (isinstance(stamp, DatetimeMS) and int(stamp) < 0):
        staged.undated.add(position)


def _known_fields(collection: MongoCollection, kind: DocumentKind) -> set[str | None]:
    """Return the fields that need no report: declared columns and arrays, and what the platform sets."""
    own = filter(None, (collection.watermark, *collection.managed_fields))
    return kind.fields | {path.partition(".")[0] for path in own}


def _problem(collection: MongoCollection, kind: DocumentKind | None, document: dict) -> Problem | None:
    """Return what keeps the document out of raw: its kind, its stamp, or a rule of its columns."""
    if kind is None:
        found = printable(value_at(collection.discriminator, document))
        return problem("unknown_kind", column=collection.discriminator, value=found)
    stamp = stamp_of(document, collection.watermark)
    if isinstance(stamp, DatetimeMS):
        return problem("date_range", column=collection.watermark, value=printable(stamp))
    if not isinstance(stamp, datetime | None):
        return problem("not_a_bson_date", column=collection.watermark, value=printable(stamp))
    return find_broken_rule(kind, document)


def _copy_kind(
    cursor: Cursor, kind: DocumentKind, documents: list[Good], watermark: str | None
) -> dict[str, int]:
    """Copy documents of one kind into the stages of its parent and child tables; count rows by raw table."""
    parents = (
        [*_values(kind.columns, document), stamp_of(document, watermark), text]
        for document, text in documents
    )
    names = [*(column.name for column in kind.columns), "_source_updated_at", "_document"]
    copied = {kind.raw: copy_rows(cursor, f"stage_{kind.raw}", names, parents)}
    for array in kind.arrays:
        names = [*(column.name for column in array.raw_columns), "_source_updated_at"]
        rows = _elements(array, documents, watermark)
        copied[array.raw] = copy_rows(cursor, f"stage_{array.raw}", names, rows)
    return copied


def _elements(array: Array, documents: list[Good], watermark: str | None) -> Iterator[list]:
    """Yield a row of the child table for each element: the document's key, its place from 1 on, its value."""
    for document, _ in documents:
        (key,) = _values([array.key], document)
        for position, element in enumerate(value_at(array.field, document) or [], 1):
            yield [key, position, *_values(array.elements, element), stamp_of(document, watermark)]


def _values(columns: Iterable[Column], place: object) -> Iterator[object]:
    """Yield the columns' values in a checked document or element."""
    return (raw_value(column, value_of(column, place)) for column in columns)
