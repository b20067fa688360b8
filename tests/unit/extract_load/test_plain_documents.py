"""Documents that are judged together give the rows and reasons of those that are judged one by one."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import bson
import pytest
from bson import Code, DatetimeMS, Decimal128, Int64, ObjectId

from include.extract_load.mongo_documents import Sorter
from include.extract_load.plain_documents import PlainKind
from include.extract_load.staged import Staged
from include.rules.stored_documents import StoredDocument, read_document
from include.specs import MongoCollection
from tests.integration.helpers.samples import movie, show
from tests.integration.own_sources.random_documents import RandomCollection, put
from tests.product import CONTENT

NOW = datetime(2024, 9, 1, 12, tzinfo=UTC)
STAMPS = {"_batch_id": "run 1\t", "_as_of": "2024-09-01"}
UNUSUAL = [
    *(None, "", " ", "\u200b", "\xa0x", "a\tb\\c\nd\r", "\0", "é", "x" * 9000, Code("x"), b"x"),
    *(True, -1, 0, 7, 2**40, Int64(5), 1.5, 8.0, float("nan"), float("inf"), Decimal128("1.5")),
    *(NOW.replace(tzinfo=None), DatetimeMS(2**60), ObjectId("0" * 24), {}, {"a": 1}, {"a": {"b": NOW}}),
    *([], ["Drama"], ["Drama", None], ["Drama", 1], ["\0"], [""], [1, 2], [1.5], [[1]], [{"a": 1}]),
]


def sorted_out(
    collection: MongoCollection, documents: Sequence[StoredDocument]
) -> tuple[dict[str, list[str]], Staged]:
    staged = Staged(NOW)
    sorter = Sorter(collection, staged, STAMPS)
    lines = sorter.sort(documents)
    return {
        table: sorted(_as_read(row, sorter.columns[table]) for row in rows) for table, rows in lines.items()
    }, staged


def _as_read(row: str, columns: Sequence[str]) -> str:
    """Return the row with what jsonb makes of its document: the values count, not the blanks."""
    fields = dict(zip(columns, row.split("\t"), strict=True))
    if document := fields.pop("_document", None):
        text = re.sub(r"\\(.)", r"\1", document)
        fields["_document"] = str(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    return str(fields)


def assert_equal_one_by_one(collection, documents, monkeypatch):
    stored = [read_document(bson.encode(document)) for document in documents]
    together = sorted_out(collection, stored)
    with monkeypatch.context() as patch:
        patch.setattr(PlainKind, "rows", lambda *_: None)
        assert together == sorted_out(collection, stored)
    return together


@pytest.mark.parametrize("title", [movie(content_type="movie"), show(content_type="series")])
@pytest.mark.parametrize("field", [*movie(), *show(), "content_type", "updated_at", "new"])
def test_any_value_in_any_field_gives_the_same_rows_and_reasons(title, field, monkeypatch):
    stamped = title | {"_id": ObjectId(), "updated_at": NOW}
    for value in UNUSUAL:
        assert_equal_one_by_one(CONTENT, [stamped, stamped | {field: value}, stamped], monkeypatch)


@pytest.mark.parametrize("seed", range(60))
def test_collection_of_any_shape_gives_the_same_rows_and_reasons(seed, monkeypatch):
    made = RandomCollection(seed)
    for size in (0, 1, 1, 2, 5):
        documents = [made.document() for _ in range(size)]
        assert_equal_one_by_one(made.declared, documents, monkeypatch)


@pytest.mark.parametrize("elements", [[None], [{}, 1], [{}, None], {"a": 1}, "x"], ids=repr)
@pytest.mark.parametrize("seed", range(10))
def test_elements_that_are_no_objects_give_the_same_reasons(seed, elements, monkeypatch):
    made = RandomCollection(seed)
    documents = [made.document(), made.document()]
    put(documents[1], made.objects[0], elements)
    assert_equal_one_by_one(made.declared, documents, monkeypatch)


def test_usual_documents_are_never_judged_one_by_one(monkeypatch):
    monkeypatch.setattr(Sorter, "_sort", None)
    titles = [movie(content_type="movie", title="a\tb\\", new=1), show(content_type="series", genre=None)]
    documents = [title | {"_id": ObjectId(), "updated_at": NOW} for title in titles]
    lines, staged = sorted_out(CONTENT, [read_document(bson.encode(document)) for document in documents])
    assert {table: len(rows) for table, rows in lines.items() if rows}.keys() >= {
        "mongo_movies",
        "mongo_series",
    }
    assert not staged.rejected
    assert [name for _, name, _ in staged.new_fields] == ["new"]
