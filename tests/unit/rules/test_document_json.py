"""JSON of documents: whatever is in one, for PostgreSQL it says what MongoDB's own library writes."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from bson import Binary, Code, DatetimeMS, DBRef, Int64, MaxKey, ObjectId, Regex, Timestamp, json_util
from bson.decimal128 import Decimal128
from hypothesis import given, settings
from hypothesis import strategies as st

from include.rules.document_json import for_jsonb

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
    float("nan"),
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
DOCUMENTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=6,
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


@pytest.mark.parametrize("value", UNUSUAL, ids=repr)
@pytest.mark.parametrize(
    "place", [lambda value: value, lambda value: [1, [value]], lambda value: {"a": value}]
)
def test_unusual_value_says_what_the_library_writes(value, place):
    assert values(for_jsonb(place(value))) == of_library(place(value))


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
