"""Documents that no decoder takes, or none without a loss: each alone is set aside, and the rest loads."""

import json
import time
from datetime import datetime

import bson
import pytest
from bson import Code, Int64, ObjectId

from include.errors import InputError
from include.extract_load.mongo_keys import refuse_repeated_keys
from tests.integration.extract_load.mongo.catalogue import GENRES, STRICT_CONTENT
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie
from tests.integration.helpers.stored import StoredBytes
from tests.product import CONTENT
from tests.stored_bytes import NOT_UTF8, YEAR_10000, date, document, element, int32, text

# In an hour: so each load reads it, whether the server or the loader looks at the stamp.
NOW = date(int(time.time() * 1000) + 3_600_000)
ID = ObjectId("6" * 24)
BAD = text(b"caf\xe9")


def movie_bytes(*more: bytes, key: bytes = b"M2", stamp: bytes = element(9, b"updated_at", NOW)) -> bytes:
    """Return a movie as it is stored, with more elements in it."""
    return document(
        element(7, b"_id", ID.binary),
        element(2, b"content_id", text(key)),
        element(2, b"title", text(b"x")),
        element(2, b"content_type", text(b"movie")),
        stamp,
        *more,
    )


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> StoredBytes:
    return StoredBytes(monkeypatch, "content")


@pytest.mark.parametrize(
    ("more", "column", "rule", "value"),
    [
        ([element(2, b"note", BAD)], "note", "not_utf8", "caf\\xe9"),
        ([element(4, b"notes", document(element(2, b"0", BAD)))], "notes[0]", "not_utf8", "caf\\xe9"),
        ([element(2, b"caf\xe9", text(b"x"))], "caf\\xe9", "name_not_utf8", None),
        ([element(2, b"title", text(b"y"))], "title", "repeated_name", None),
        ([element(3, b"o", document(*2 * [element(10, b"a", b"")]))], "o.a", "repeated_name", None),
        ([element(3, b"o", document(element(0x10, b"$date", int32(5))))], "o.$date", "reserved_name", None),
        ([element(0x21, b"odd", b"")], "odd", "unreadable", None),
        ([element(9, b"released", date(0))[:-1]], "released", "unreadable", None),
        ([element(2, b"genre", text(b"x\0y"))], "genre", "wrong_type", "x\\0y"),
        ([element(2, b"note", text(b"x\0y"))], None, "nul", None),
    ],
)
def test_document_that_cannot_be_kept_is_set_aside_alone(pipeline, stored, more, column, rule, value):
    pipeline.seed_content([movie(), movie("M3")])
    stored.documents = [movie_bytes(*more)]
    loads = pipeline.extract_content()
    assert counts(loads["mongo_movies"]) == {"read": 3, "inserted": 2, "quarantined": 1}
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"], row["rule"], row["value"]) == (str(ID), column, rule, value)
    assert json.loads(row["row_text"])["content_id"] == "M2"
    loads = pipeline.extract_content(pipeline.batch("run 2"))
    assert counts(loads["mongo_movies"]) == {"read": 3, "unchanged": 2, "quarantined": 1}


@pytest.mark.parametrize("milliseconds", [YEAR_10000, 2**63 - 1, -(10**17)])
def test_date_that_python_cannot_hold_is_kept_where_no_column_takes_it(pipeline, stored, milliseconds):
    inner = document(element(4, b"list", document(element(9, b"0", date(milliseconds)))))
    stored.documents = [movie_bytes(element(3, b"more", inner))]
    for batch, expected in (("run 1", "inserted"), ("run 2", "unchanged")):
        loads = pipeline.extract_content(pipeline.batch(batch))
        assert counts(loads["mongo_movies"]) == {"read": 1, expected: 1}
    found = pipeline.raw("mongo_movies")["M2"]["_document"]["more"]
    assert found == {"list": [{"$date": {"$numberLong": str(milliseconds)}}]}


def test_date_that_python_cannot_hold_as_stamp_is_set_aside(pipeline, stored):
    pipeline.seed_content([movie()])
    for batch in ("run 1", "run 2"):
        stored.documents = [movie_bytes(stamp=element(9, b"updated_at", date(YEAR_10000)))]
        loads = pipeline.extract_content(pipeline.batch(batch), STRICT_CONTENT)
        assert loads["mongo_movies"].quarantined == 1
    row = pipeline.quarantine()[0]
    assert (row["column_name"], row["rule"]) == ("updated_at", "date_range")
    assert row["value"] == f"{YEAR_10000} ms since 1970"
    assert list(live(pipeline.raw("mongo_movies"))) == ["M1"]


def test_two_ids_that_print_alike_are_two(pipeline, stored):
    ids = [
        5,
        "5",
        {"a": 1},
        "{'a': 1}",
        Int64(7),
        Code("x"),
        "x",
        "66" * 12,
        ObjectId("66" * 12),
        True,
        {"a": "x" * 10**6},
    ]
    good = {"content_type": "movie", "title": "x", "updated_at": datetime(2024, 9, 1)}
    stored.documents = [
        bson.encode({"_id": id_, "content_id": f"B{n}", **good, "rating": "x"}) for n, id_ in enumerate(ids)
    ]
    # Nobody decodes these: the server's own collation of ids is not asked.
    stored.documents += [document(element(2, b"_id", text(bad)), element(2, b"x", BAD)) for bad in NOT_UTF8]
    loads = pipeline.extract_content()
    assert loads["mongo_movies"].read == loads["mongo_movies"].quarantined == len(ids)
    assert loads["mongo_content"].read == loads["mongo_content"].quarantined == len(NOT_UTF8)
    assert len({row["position"] for row in pipeline.quarantine()}) == len(ids) + len(NOT_UTF8)
    assert {"5", '"5"', '{"a": {"$numberInt": "1"}}'} < {row["position"] for row in pipeline.quarantine()}


def test_document_that_turns_unreadable_keeps_what_was_loaded(pipeline, stored):
    stored.documents = [movie_bytes(element(4, b"genre", document(element(2, b"0", text(b"Drama")))))]
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    assert list(live(before[0])) == ["M2"]
    for number, more in enumerate(
        [
            [element(2, b"note", BAD)],
            [element(2, b"content_type", text(b"series"))],
            [element(2, b"content_id", text(b"M9"))],
            [element(2, b"content_id", BAD)],
            [element(0x21, b"odd", b"")],
        ]
    ):
        stored.documents = [movie_bytes(*more)]
        loads = pipeline.extract_content(pipeline.batch(f"run {number}"), STRICT_CONTENT)
        assert counts(loads["mongo_movies"]) == {"read": 1, "quarantined": 1}
        assert (pipeline.raw("mongo_movies"), pipeline.raw(GENRES)) == before
    stored.documents = []
    assert pipeline.extract_content(pipeline.batch("last"))["mongo_movies"].deleted == 1


@pytest.mark.parametrize("kind", [2, 9, 0x21])
def test_key_that_cannot_be_read_is_none(pipeline, stored, kind):
    pipeline.seed_content([movie()])
    key = {
        2: element(2, b"content_id", BAD),
        9: element(9, b"content_id", date(YEAR_10000)),
        0x21: b"!content_id\0",
    }
    kept = [element(7, b"_id", ID.binary), element(2, b"content_type", text(b"movie"))]
    stored.documents = [document(*kept, element(9, b"updated_at", NOW), key[kind])]
    for batch in ("run 1", "run 2"):
        loads = pipeline.extract_content(pipeline.batch(batch))
        assert loads["mongo_movies"].quarantined == 1
        assert loads["mongo_movies"].deleted == 0
    assert {row["column_name"] for row in pipeline.quarantine()} == {"content_id"}


class Groups:
    """A collection without a unique index, whose keys are grouped by bytes."""

    def __init__(self, *keys: bytes) -> None:
        self.batch = b"".join(document(key, element(0x10, b"count", int32(2))) for key in keys)

    def __getitem__(self, name: str) -> "Groups":
        return self

    def list_collections(self, filter: dict) -> list[dict]:
        return [filter]

    def index_information(self) -> dict:
        return {}

    def aggregate_raw_batches(self, pipeline: list, allowDiskUse: bool) -> list[bytes]:
        return [self.batch]


def test_repeated_keys_are_found_among_those_that_cannot_be_read():
    unreadable = [element(2, b"_id", BAD), element(9, b"_id", date(YEAR_10000)), element(10, b"_id", b"")]
    refuse_repeated_keys(Groups(*unreadable), CONTENT)
    with pytest.raises(InputError, match=r"share a key \(content_id\): M1\."):
        refuse_repeated_keys(Groups(*unreadable, element(2, b"_id", text(b"M1"))), CONTENT)
