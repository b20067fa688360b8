"""Documents as bytes: decoded one by one, and what is wrong with those that cannot be kept."""

import json
from datetime import datetime

import bson
import pytest
from bson import Binary, Code, DatetimeMS, Decimal128, Int64, MaxKey, ObjectId, Regex, json_util
from hypothesis import given, settings
from hypothesis import strategies as st

from include.rules.bson_bytes import split
from include.rules.documents import DocumentRules, find_json_problem
from include.rules.stored_documents import (
    glance_at,
    glance_together,
    read_batch,
    read_document,
    read_together,
)
from include.specs import Array, Column, DocumentKind
from tests.stored_bytes import (
    DOCUMENTS,
    NOT_UTF8,
    YEAR_10000,
    Drawn,
    date,
    document,
    element,
    identified,
    int32,
    is_same,
    text,
)

ONE = element(0x10, b"a", int32(1))
LATER = DatetimeMS(YEAR_10000)
AT, DATE = Column("at", "timestamptz"), Column("element", "timestamptz", path="")
IN_ARRAY = element(4, b"b", document(element(2, b"0", text(b"\xff"))))
NO_DATABASE = [element(2, b"$ref", text(b"c")), element(0x10, b"$id", int32(1)), element(0x0A, b"$db", b"")]


def deep(levels: int) -> bytes:
    found = document()
    for _ in range(levels):
        found = document(element(3, b"a", found))
    return found


@pytest.mark.parametrize(
    ("elements", "column", "rule"),
    [
        ([element(2, b"a", text(b"\xff"))], "a", "not_utf8"),
        ([element(3, b"a", document(IN_ARRAY))], "a.b[0]", "not_utf8"),
        ([element(2, b"\xff", text(b"x"))], "\\xff", "name_not_utf8"),
        ([element(0x0B, b"a", b"\xff\0i\0")], "a", "not_utf8"),
        ([element(0x0D, b"a", text(b"\xff"))], "a", "not_utf8"),
        ([element(0x0E, b"a", text(b"\xff"))], "a", "not_utf8"),
        ([element(0x0C, b"a", text(b"\xff") + bytes(12))], "a", "not_utf8"),
        ([element(0x0F, b"a", int32(15) + text(b"\xff") + document())], "a", "not_utf8"),
        ([ONE, ONE], "a", "repeated_name"),
        ([element(3, b"o", document(ONE, element(2, b"a", text(b"x"))))], "o.a", "repeated_name"),
        ([element(3, b"o", document(element(0x10, b"$date", int32(5))))], "o.$date", "reserved_name"),
        ([element(2, b"$oid", text(b"x"))], "$oid", "reserved_name"),
        ([element(0x20, b"a", b"")], "a", "unreadable"),
        ([element(8, b"a", b"\2")], "a", "unreadable"),
        ([element(2, b"a", int32(-1))], "a", "unreadable"),
        ([element(2, b"a", int32(99) + b"x\0")], "a", "unreadable"),
        ([element(2, b"a", int32(2) + b"xy")], "a", "unreadable"),
        ([element(5, b"a", int32(2) + b"\2xx")], "a", "unreadable"),
        ([element(0x0B, b"a", b"x\0gi\0")], "a", "unreadable"),
        ([element(3, b"a", document(*NO_DATABASE))], "a", "unreadable"),
        ([element(3, b"a", document(*NO_DATABASE[::-1]))], "a", "unreadable"),
        ([element(3, b"a", document(ONE)[:-1] + b"\1")], "a", "unreadable"),
        ([element(3, b"o", deep(3000))], "o" + 99 * ".a", "too_deep"),
    ],
)  # fmt: skip
def test_what_a_decoder_refuses_or_drops_is_found_with_its_place(elements, column, rule) -> None:
    stored = read_document(document(element(0x10, b"_id", int32(7)), *elements))
    assert stored.fault is not None
    assert stored.fault.rule == rule
    assert rule == "too_deep" or stored.fault.column == column
    assert stored.position == "7"
    assert json.loads(stored.text)["_id"] == 7


def test_row_of_a_broken_document_has_all_that_was_stored() -> None:
    twice = document(element(2, b"a", text(b"x")), element(2, b"a", text(b"caf\xe9")), ONE)
    assert read_document(twice).text == '{"a": "x", "a": "caf\\\\xe9", "a": 1}'
    assert read_document(document(ONE, element(0x20, b"b", b""))).text.startswith('{"a": 1, "$bytes": "')


@pytest.mark.parametrize("milliseconds", [YEAR_10000, 2**63 - 1, -62135596800001, -(2**63)])
def test_date_that_python_cannot_hold_is_kept(milliseconds: int) -> None:
    stored = read_document(document(element(4, b"a", document(element(9, b"0", date(milliseconds))))))
    assert stored.fault is None
    assert stored.document == {"a": [DatetimeMS(milliseconds)]}
    assert json.loads(stored.text) == {"a": [{"$date": {"$numberLong": str(milliseconds)}}]}


@pytest.mark.parametrize(
    "elements",
    [
        [element(2, b"a", text(b"$oid")), element(2, b"$price", text(b"5"))],
        # Other drivers name elements of arrays as they like; the server takes no notice.
        [element(4, b"a", document(element(0x10, b"", int32(1)), element(0x10, b"", int32(2))))],
        [element(3, b"a", document(element(0x10, b"$id", int32(1)), element(2, b"$ref", text(b"c"))))],
        [element(6, b"a", b""), element(0x0E, b"b", text(b"x")), element(0x0B, b"c", b"x\0mi\0")],
        [ONE, element(0x10, b"_id", int32(1))],
    ],
)
def test_unusual_document_is_kept(elements: list[bytes]) -> None:
    assert read_document(document(*elements)).fault is None


@pytest.mark.parametrize(("column", "elements"), [("at", ["x"]), ("dates[1]", [datetime(2024, 1, 1), LATER])])
def test_date_that_postgres_cannot_hold_is_none_of_a_column(column: str, elements: list) -> None:
    kind = DocumentKind("only", "raw", None, (AT,), (Array("dates", "a", AT, "position", (DATE,)),))
    document = {"at": LATER if column == "at" else None, "dates": elements}
    assert DocumentRules(kind).find_broken(document)[:1] == (column,)
    assert DocumentRules(kind).find_broken(document).value == f"{YEAR_10000} ms since 1970"
    assert DocumentRules(kind).find_broken(document).rule == "date_range"
    number = DocumentKind("only", "raw", None, (Column("at", "numeric"),))
    assert DocumentRules(number).find_broken({"at": LATER}).reason == "is not a number but a datetime"


@pytest.mark.parametrize(
    ("text", "is_good"),
    [("a\0", False), ("\\u0000", True), ("\\\0", False), ("\\\\u0000", True), ("x" * 110_000_000, False)],
)
def test_text_that_jsonb_cannot_hold_is_found(text: str, is_good: bool) -> None:
    assert (find_json_problem({"a": text}, json.dumps({"a": text})) is None) == is_good


def test_batch_is_split_and_its_broken_end_is_one_document() -> None:
    whole = [document(ONE), document(), document(ONE, element(10, b"b", b""))]
    assert list(split(b"".join(whole))) == whole
    for end in (b"\1", int32(0) + b"rest", int32(-5), int32(2**31 - 1) + b"x"):
        *good, last = read_batch(b"".join(whole) + end)
        assert [each.fault for each in good] == [None] * 3
        assert last.fault.rule == "unreadable"


IDS = [
    5, Int64(5), 5.5, 5.0, -0.0, 0.0, "5", "5.0", '"5"', True, "true", None, "null", "NaN", float("nan"), "",
    " ", "a ", "a", "a\0b", "a\\u0000b", "a\u200bb", "ü", Code("a"), Code("a", {}), b"a", Binary(b"a", 5),
    ObjectId("6" * 24), "6" * 24, {"a": 1}, {"a": Int64(1)}, "{'a': 1}", '{"a": {"$numberInt": "1"}}',
    {"$oid": "6" * 24}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, ["a"], '["a"]', Decimal128("5"),
    Decimal128("5.0"), DatetimeMS(YEAR_10000), DatetimeMS(0), Regex("a"), "/a/", MaxKey(), {}, [],
    "x" * 10**6, "x" * 10**6 + "y", {"a": "x" * 10**6}, {"$numberLong": "5"}, {"a": {"$numberInt": "1"}},
    {"a": None},
]  # fmt: skip
STORED_IDS = [bson.encode({"_id": id_}) for id_ in IDS] + [
    document(element(2, b"_id", text(b"\xff"))),
    document(element(2, b"_id", text(b"\xfe"))),
    document(element(2, b"_id", text(b"\\xff"))),
    document(element(0x0E, b"_id", text(b"a"))),
    document(element(6, b"_id", b"")),
    document(element(3, b"_id", document(element(6, b"a", b"")))),
    document(element(3, b"_id", document(ONE, element(0x10, b"a", int32(2))))),
    document(element(3, b"_id", document(element(0x10, b"a", int32(2)), ONE))),
    document(element(3, b"_id", deep(3000))),
    document(ONE),
    document(),
]


def test_two_ids_are_two_positions() -> None:
    positions = [read_document(stored).position for stored in STORED_IDS]
    assert len(set(positions)) == len(positions)
    for position in positions:
        # As PostgreSQL keeps it, in a unique index beside other columns.
        assert "\0" not in position
        assert len(position.encode()) < 800


@pytest.mark.parametrize(
    ("id_", "position"),
    [
        (ObjectId("6" * 24), "6" * 24),
        (5, "5"),
        ("5", '"5"'),
        (Int64(5), '{"$numberLong": "5"}'),
        (1.5, "1.5"),
        ("title 5", "title 5"),
        ("a\0b", '"a\\u0000b"'),
        ({"a": 1}, '{"a": {"$numberInt": "1"}}'),
    ],
)
def test_position_is_readable(id_: object, position: str) -> None:
    assert read_document(bson.encode({"_id": id_})).position == position


@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.integers(0, 2**31 - 1))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_any_document_is_kept_as_it_is_or_set_aside(drawn: list[Drawn], number: int) -> None:
    batch = b"".join(identified(0x10, int32(number), each) for each in drawn)
    stored = list(read_batch(batch))
    assert len(stored) == len(drawn)
    for found, each in zip(stored, drawn, strict=True):
        assert found.position == str(number)
        fault = found.fault or find_json_problem(found.document, found.text)
        assert (fault is None) == each.is_good, (fault, each)
        if each.is_good:
            assert is_same(json.loads(found.text), {"_id": number} | each.json)


@given(DOCUMENTS, st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_any_bytes_are_one_document_or_more(drawn: Drawn, changes: list[tuple[int, int]]) -> None:
    stored = bytearray(identified(2, text(b"x"), drawn))
    for place, byte in changes:
        stored[place % len(stored)] = byte
    for found in read_batch(bytes(stored)):
        kept = (found.position, found.text, *filter(None, found.fault or ()))
        assert all("\0" not in each and each.encode() is not None for each in kept)
        if found.fault is None:
            plain = json_util.dumps(found.document, json_options=json_util.RELAXED_JSON_OPTIONS)
            assert found.text == plain


@given(st.lists(DOCUMENTS, max_size=5))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_documents_that_are_read_together_are_what_each_is(drawn: list[Drawn]) -> None:
    stored = [identified(0x10, int32(1), each) for each in drawn]
    assert repr(read_together(stored)) == repr(list(map(read_document, stored)))
    assert repr(glance_together(stored, [b"_id\0"])) == repr([glance_at(each, [b"_id\0"]) for each in stored])


@given(DOCUMENTS, st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_any_bytes_among_documents_leave_the_others_as_they_are(drawn: Drawn, changes: list) -> None:
    good = document(KEY, KIND)
    other = bytearray(identified(2, text(b"x"), drawn))
    for place, byte in changes:
        other[4 + place % (len(other) - 4)] = byte
    stored = [good, bytes(other), good]
    assert repr(read_together(stored)) == repr(list(map(read_document, stored)))


def test_bytes_that_are_no_utf8_are_none() -> None:
    for each in NOT_UTF8:
        with pytest.raises(UnicodeDecodeError):
            each.decode()


KEY, KIND = element(2, b"key", text(b"K1")), element(2, b"kind", text(b"movie"))
NAMES = (b"key\0", b"kind\0")


@pytest.mark.parametrize(
    "others",
    [
        [ONE, ONE],
        [element(3, b"o", document(element(0x10, b"$date", int32(5))))],
        [element(9, b"at", date(YEAR_10000))],
    ],
)
def test_glance_leaves_out_faults_of_fields_that_do_not_count(others):
    found = glance_at(document(KEY, KIND, *others), NAMES)
    assert found.fault is None
    assert (found.document["key"], found.document["kind"]) == ("K1", "movie")


@pytest.mark.parametrize(
    "fields",
    [
        [KEY, element(2, b"key", text(b"K2")), KIND],
        [KEY, KIND, element(2, b"kind", text(b"series"))],
        [KEY],
        [KEY, element(2, b"kind", text(b"\xff"))],
        [KEY, KIND, element(2, b"title", text(b"\xff"))],
        [KEY, element(2, b"kind", text(b"key\0")), ONE, ONE],
    ],
)
def test_glance_judges_the_whole_where_a_field_that_counts_is_in_doubt(fields):
    stored, good = document(*fields), document(KEY, KIND)
    assert glance_at(stored, NAMES) == read_document(stored)
    assert glance_together([good, stored], NAMES) == [read_document(good), read_document(stored)]
