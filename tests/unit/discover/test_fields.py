"""Statistics of documents: what is counted, which kinds are told apart, and that memory is bounded."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from bson import Binary, DatetimeMS, Decimal128, Int64, MaxKey, ObjectId

from include.discover.document_guesses import Guesses, key_type, type_for
from include.discover.fields import MOST_FIELDS, MOST_IN_ALL, Scan, type_of
from include.discover.kinds import find_discriminator
from include.discover.names import Names

NOW = datetime(2024, 1, 1, tzinfo=UTC)
UUID_VALUE = Binary(UUID(int=1).bytes, 4)


def scan_of(*documents: dict) -> Scan:
    scan = Scan()
    for document in documents:
        scan.add(document)
    return scan


def column_type(*values: object) -> str:
    return type_for(scan_of(*({"x": value} for value in values)).root.fields["x"])[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None], "text"),
        ([True], "boolean"),
        ([NOW], "timestamptz"),
        ([ObjectId()], "objectid"),
        ([UUID_VALUE], "uuid"),
        ([1], "integer"),
        ([1, Int64(2)], "bigint"),
        ([1, 2.5], "double precision"),
        ([float("nan"), 1], "double precision"),
        ([Int64(1), 2.5], "numeric"),
        ([Decimal128("1.5"), 1], "numeric"),
        ([Decimal128("NaN"), 1], "jsonb"),
        ([Int64(1), float("inf")], "jsonb"),
        ([True, 1], "jsonb"),
        ([NOW, "2024-01-01"], "jsonb"),
        ([Binary(b"x", 3)], "jsonb"),
        ([b"x"], "jsonb"),
        ([MaxKey()], "jsonb"),
        ([{"a": 1}, "a"], "jsonb"),
        ([[1], "a"], "jsonb"),
    ],
)
def test_type_of_a_column_holds_every_value_seen(values, expected):
    assert column_type(*values) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([ObjectId()], "objectid"),
        (["a"], "text"),
        ([1], "integer"),
        ([Int64(1)], "bigint"),
        ([UUID_VALUE], "uuid"),
        ([1.5], "extended_json"),
        ([NOW], "extended_json"),
        (["a", 1], "extended_json"),
        ([{"a": 1}], "extended_json"),
    ],
)
def test_type_of_a_key_is_that_of_the_ids(keys, expected):
    scan = scan_of(*({"_id": key} for key in keys))
    assert key_type(scan.root.fields["_id"]) == expected


def test_date_that_python_does_not_know_is_told_apart():
    assert type_of(DatetimeMS(2**62)) == "date out of range"
    assert "1 date out of range" in type_for(scan_of({"x": DatetimeMS(2**62)}).root.fields["x"])[1][0]


def test_memory_is_bounded_whatever_the_keys_are():
    scan = scan_of(*({"_id": n, f"k{n}": {f"l{n}": {f"m{n}": str(n)}}, "s": str(n)} for n in range(3000)))
    assert scan.root.is_open
    assert len(scan.root.fields) == MOST_FIELDS
    assert scan._fields <= MOST_IN_ALL
    assert (scan.documents, scan.tags) == (3000, {})


def test_object_with_data_as_keys_stays_one_column():
    guesses = Guesses("x", Names([]), 100)
    guesses.add_fields(scan_of(*({"by_user": {f"u{n}": 1}, "at": {"x": 1, "y": 2}} for n in range(100))).root)
    assert [(guess.name, guess.type) for guess in guesses.columns] == [
        ("by_user", "jsonb"),
        ("at_x", "integer"),
        ("at_y", "integer"),
    ]


def test_names_of_fields_that_meet_stay_apart():
    guesses = Guesses("x", Names([]), 1)
    fields = {
        "fooBar": 1,
        "foo_bar": 1,
        "foo": {"bar": 1},
        "_loaded_at": 1,
        "x%": 1,
        "y" * 80: 1,
        "y" * 81: 1,
    }
    guesses.add_fields(scan_of(fields).root)
    assert [(guess.name, guess.path) for guess in guesses.columns] == [
        ("foo_bar", "fooBar"),
        ("foo_bar_2", "foo_bar"),
        ("foo_bar_3", "foo.bar"),
        ("loaded_at", "_loaded_at"),
        ("x", "x%"),
        ("y" * 63, "y" * 80),
        ("y" * 61 + "_2", "y" * 81),
    ]


def test_documents_with_nul_are_counted():
    assert scan_of({"a": "\0", "b": ["\0"]}, {"a": {"b": "x\0"}}, {"a": "x"}).with_nul == 2


def both(tag: str, first: str, second: str, *, texts: tuple[str, str] = ("a", "b")) -> list[dict]:
    return [{tag: texts[0], first: 1}, {tag: texts[1], second: 1}] * 2


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (both("format", "minutes", "seasons"), "format"),
        # One side of a status has nothing of its own, that of a type need not have.
        ([{"status": "new"}, {"status": "gone", "gone_at": 1}] * 2, None),
        ([{"type": "new"}, {"type": "gone", "gone_at": 1}] * 2, "type"),
        ([{"event_type": "a"}, {"event_type": "b", "x": 1}] * 2, "event_type"),
        ([{"device_type": "a"}, {"device_type": "b", "x": 1}] * 2, None),
        # Of each text one document only.
        (both("format", "minutes", "seasons")[:2], None),
        # Not in every document, empty, and too many texts.
        ([*both("format", "minutes", "seasons"), {"other": 1}], None),
        (both("format", "minutes", "seasons", texts=("a", " ")), None),
        ([{"format": f"{n}", f"x{n}": 1} for n in range(11)] * 2, None),
        ([{"format": f"{n}", f"x{n}": 1} for n in range(10)] * 2, "format"),
        # The same fields everywhere.
        ([{"type": "a", "x": 1}, {"type": "b", "x": 1}] * 2, None),
    ],
)
def test_kinds_are_told_apart_where_fields_differ(documents, expected):
    assert find_discriminator(scan_of(*documents), "events")[0] == expected


def test_other_fields_that_might_tell_kinds_apart_are_named():
    documents = [{"status": "new"}, {"status": "gone", "gone_at": 1}] * 2
    assert find_discriminator(scan_of(*documents), "events") == (None, ["status"])
