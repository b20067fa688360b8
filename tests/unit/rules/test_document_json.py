"""JSON of documents: whatever is in one, for PostgreSQL it says what MongoDB's own library writes."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from bson import Binary, Code, DatetimeMS, DBRef, Int64, MaxKey, ObjectId, Regex, Timestamp, json_util
from bson.decimal128 import Decimal128
from hypothesis import given, settings
from hypothesis import strategies as st

from include.rules.document_json import FEWEST_ALIKE, all_for_jsonb, for_jsonb

NAN = float("nan")
UNUSUAL = [
    Code("return 1"),
    Code("return x", {"x": 1}),
    Decimal128("1.50"),
    Binary(b"\0\xff"),
    Binary(b"0" * 16, 4),
    Regex("^a", "i"),
    Timestamp(5, 1),
    DBRef("users", 1),
    MaxKey(),
    DatetimeMS(2**60),
    NAN,
    float("-inf"),
    datetime(1969, 12, 31, 23, 59, 59, 999000),
    datetime(1, 1, 1),
    datetime(2024, 3, 1, tzinfo=UTC),
]
DATES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(
    lambda moment: moment - timedelta(microseconds=moment.microsecond % 1000)
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(),
    st.text(max_size=8),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    DATES,
    st.sampled_from(UNUSUAL),
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(max_size=5), NESTED, max_size=6)
# What a field of many documents holds: values of one type, of several, or anything.
COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(max_size=8),
        st.text(max_size=8) | st.none(),
        DATES,
        DATES | st.none(),
        st.binary(min_size=12, max_size=12).map(ObjectId),
        st.lists(st.floats() | st.text(max_size=3), max_size=3),
        SCALARS,
        NESTED,
    ]
)


def values(text: str) -> object:
    """Read JSON as jsonb does: of numbers the value counts, of objects the last of a name."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def of_library(value: object) -> object:
    return values(json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS))


@given(DOCUMENTS)
@settings(max_examples=400, derandomize=True, deadline=None)
def test_document_says_what_the_library_writes(document):
    assert values(for_jsonb(document)) == of_library(document)


@given(st.data())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_documents_say_together_what_the_library_writes(data):
    names = data.draw(st.lists(st.text(max_size=5), max_size=4, unique=True))
    columns = [data.draw(st.lists(data.draw(COLUMNS), min_size=3, max_size=3)) for _ in names]
    alike = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] or [{}]
    others = data.draw(st.sampled_from([[], [{"other": 1}], [{}, {"a": 1}, {"b": NAN}]]))
    documents = [*alike, *others] * data.draw(st.sampled_from([1, 2 * FEWEST_ALIKE]))
    assert list(map(values, all_for_jsonb(documents))) == list(map(of_library, documents))


@pytest.mark.parametrize("value", UNUSUAL, ids=repr)
@pytest.mark.parametrize(
    "place", [lambda value: value, lambda value: [1, [value]], lambda value: {"a": value}]
)
def test_unusual_value_says_what_the_library_writes(value, place):
    assert values(for_jsonb(place(value))) == of_library(place(value))
    documents = [{"a": place(value)}] * FEWEST_ALIKE
    assert list(map(values, all_for_jsonb(documents))) == list(map(of_library, documents))


def test_plain_document_needs_no_library(monkeypatch):
    monkeypatch.setattr(json_util, "dumps", None)
    moment = datetime(2024, 9, 1, 12, 0, 0, 5000)
    document = {"_id": ObjectId("6" * 24), "at": moment, "list": ["é\n", {"n": Int64(5)}], "rating": 8.5}
    assert json.loads(for_jsonb(document)) == {
        "_id": {"$oid": "6" * 24},
        "at": {"$date": "2024-09-01T12:00:00.005Z"},
        "list": ["é\n", {"n": 5}],
        "rating": 8.5,
    }
