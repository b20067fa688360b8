"""The comparison with stored documents that Python cannot hold; the embedded server does not store them."""

from collections.abc import Callable, Iterator
from datetime import datetime

import bson
import pytest
from bson import DatetimeMS, ObjectId
from pymongo import DeleteMany, InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from include.ops.load_runs import Load
from include.seed import mongo
from include.seed.checked import Checked
from include.seed.json_document import parse_document
from tests.product import CONTENT

NOW = datetime(2024, 9, 1)
FAR = DatetimeMS(253402300800000)
FILM = {"content_type": "movie", "content_id": "M1", "title": "café", "created_at": NOW, "updated_at": NOW}
FILE = '{"content_id": "M1", "title": "café"}'


class Stored:
    """A database whose one collection holds these bytes."""

    def __init__(self, documents: list) -> None:
        self.documents = documents

    def __getitem__(self, _: str) -> "Stored":
        return self

    def command(self, _: str) -> dict:
        return {"localTime": NOW}

    def find_raw_batches(self) -> Iterator[bytes]:
        yield b"".join(self.documents[:2])
        yield b"".join(self.documents[2:])


class Failing(Stored):
    """A database that answers a bulk write with these errors."""

    def bulk_write(self, *_: object, **__: object) -> None:
        raise BulkWriteError({"writeErrors": self.documents, "writeConcernErrors": [], "nInserted": 0})


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "require_played_collection", lambda *_: None)


def merge(stored: list[bytes], *texts: str) -> tuple[Load, list]:
    load = Load("seed", "content", NOW)
    lists = {"movies": [parse_document(text) for text in texts], "series": []}
    _, writes = mongo.merge_lists(Stored(stored), CONTENT, lists, load)
    return load, [write.operation for write in writes]


@pytest.mark.parametrize("broken", [{"more": FAR}, {"more": {"deep": [FAR]}}, {"title": "caf\0"}])
def test_what_python_cannot_hold_holds_up_nobody(broken: dict) -> None:
    good = bson.encode({"_id": 1, **FILM})
    # é of Latin-1, as an application may have written it.
    other = bson.encode({"_id": 2, **FILM, "content_id": "M2", **broken}).replace(b"caf\0", b"caf\xe9")
    load, writes = merge([good, other], FILE, FILE.replace("M1", "M2"))
    assert (load.unchanged, load.updated) == (1, 1)
    assert writes == [ReplaceOne({"_id": 2}, FILM | {"content_id": "M2"})]


def test_stamps_beyond_pythons_years_stay() -> None:
    old = bson.encode({"_id": 1, **FILM, "created_at": FAR, "updated_at": FAR})
    assert merge([old], FILE) == (Load("seed", "content", NOW, read=1, unchanged=1), [])
    _, (write,) = merge([old], FILE.replace("café", "x"))
    assert write == ReplaceOne({"_id": 1}, FILM | {"title": "x", "created_at": FAR})


def test_other_order_of_bytes_is_no_change() -> None:
    backwards = bson.encode(dict(reversed({"_id": 1, **FILM}.items())))
    assert merge([backwards], FILE) == (Load("seed", "content", NOW, read=1, unchanged=1), [])


def test_document_whose_key_is_no_text_is_deleted() -> None:
    odd = [
        bson.encode({"_id": number, **FILM, "content_id": key}) for number, key in enumerate([7, FAR, None])
    ]
    load, (insert, delete) = merge([*odd, bson.encode({"_id": 9})], FILE)
    assert (load.inserted, load.deleted) == (1, 4)
    assert (type(insert), delete) == (InsertOne, DeleteMany({"_id": {"$in": [0, 1, 2, 9]}}))


def test_replaced_document_may_have_a_large_id() -> None:
    text = FILE.replace('"title"', f'"plot": "{"x" * 16_700_000}", "title"')
    load, writes = merge([bson.encode({"_id": "i" * 80_000, **FILM})], text)
    assert (load.quarantined, load.updated, writes) == (1, 0, [])
    assert merge([], text)[0].inserted == 1


ACCEPTED = mongo.Accepted("movies[0]", FILE, FILM)
WRITES = [mongo.Write(InsertOne(FILM), ACCEPTED), mongo.Write(ReplaceOne({"_id": 1}, FILM), ACCEPTED)]


@pytest.mark.parametrize("code", sorted(mongo.ABOUT_THE_DOCUMENT))
def test_refusal_of_a_document_is_its_rejection(code: int) -> None:
    errors = [
        {"index": index, "code": code, "errmsg": "no: " + "x\0\ud800" * 9000, "op": FILM} for index in (1, 0)
    ]
    refused = mongo.write(Failing(errors), CONTENT, WRITES)
    assert [one.is_new for one in refused] == [False, True]
    for rejected, _ in refused:
        assert (rejected.position, rejected.row, rejected.rule) == ("movies[0]", FILE, "refused")
        assert len(rejected.reason) < 540
        assert rejected.reason.encode()
        assert "\0" not in rejected.reason


@pytest.mark.parametrize(
    "errors",
    [
        [
            {"index": 0, "code": 121, "errmsg": "x"},
            {"index": 1, "code": 11000, "errmsg": "E" * 90_000, "op": FILM},
        ],
        [{"index": 2, "code": 2, "errmsg": "a deletion", "op": {"q": "x" * 90_000}}],
    ],
)
def test_other_errors_are_raised_in_few_words(errors: list[dict]) -> None:
    writes = [*WRITES, mongo.Write(DeleteMany({"_id": {"$in": [ObjectId()]}}))]
    with pytest.raises(BulkWriteError, match=r"EEE|a deletion") as failed:
        mongo.write(Failing(errors), CONTENT, writes)
    assert len(str(failed.value)) < 1500


def deeper(frames: int, function: Callable[[], Checked]) -> Checked:
    return deeper(frames - 1, function) if frames else function()


@pytest.mark.parametrize(
    "place", ['{{"content_id": "M1", "title": {}}}', '{{"content_id": "M1", "more": {}}}', "{}"]
)
def test_no_depth_is_too_much(place: str) -> None:
    texts = [place.format("[" * depth + "]" * depth) for depth in range(850, 1010)]
    elements = [parse_document(text) for text in texts]
    lists = {"movies": elements, "series": []}
    # Where the stack is higher than it was for the parser, Python cannot print what it has read.
    checked = deeper(20, lambda: Checked().check(CONTENT, lists))
    assert [one.row for one in checked.rejected] == texts
