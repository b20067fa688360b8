"""The validator of a collection says what the columns say."""

import pytest

from include.schema.mongo import json_schema
from tests.product import CONTENT

SCHEMA = json_schema(CONTENT)
PROPERTIES = SCHEMA["properties"]
NUMBERS = ["int", "long", "double", "decimal"]


def test_every_document_has_key_title_and_kind() -> None:
    assert SCHEMA["bsonType"] == "object"
    assert sorted(SCHEMA["required"]) == ["content_id", "content_type", "title"]
    assert PROPERTIES["content_type"] == {"enum": ["movie", "series"]}


def test_every_column_and_array_of_both_kinds_is_described() -> None:
    columns = {column.name for kind in CONTENT.kinds for column in kind.columns}
    arrays = {array.field for kind in CONTENT.kinds for array in kind.arrays}
    assert PROPERTIES.keys() == columns | arrays | {"content_type", "updated_at"}
    # Fields that nobody knows yet are kept, not refused.
    assert "additionalProperties" not in SCHEMA


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("content_id", {"bsonType": ["string"], "minLength": 1}),
        ("updated_at", {"bsonType": ["date", "null"]}),
        ("title", {"bsonType": ["string"], "minLength": 1}),
        ("rating", {"bsonType": [*NUMBERS, "null"], "minimum": 0}),
        ("views_count", {"bsonType": [*NUMBERS, "null"], "minimum": 0}),
        ("release_year", {"bsonType": ["int", "long", "double", "null"], "minimum": 1800}),
        (
            "genre",
            {"bsonType": ["array", "null"], "items": {"bsonType": ["string"], "minLength": 1}},
        ),
        (
            "episodes_per_season",
            {"bsonType": ["array", "null"], "items": {"bsonType": ["int", "long", "double"], "minimum": 0}},
        ),
    ],
)
def test_value_is_described_as_its_column_is(name: str, expected: dict) -> None:
    assert PROPERTIES[name] == expected
