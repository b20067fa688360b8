"""Documents that cannot be loaded: each is set aside with its reason, and the rest loads."""

import json
from datetime import datetime

import pytest
from bson import Decimal128

from tests.integration.extract_load.mongo.catalogue import (
    GENRES,
    STRICT_CONTENT,
    change,
    genres,
    write_past_the_validator,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show


@pytest.mark.parametrize(
    ("fields", "path", "value", "reason"),
    [
        ({"rating": "high"}, "rating", "high", "is not a number but text"),
        ({"rating": -1}, "rating", "-1", "is below 0"),
        ({"rating": float("nan")}, "rating", "nan", "is not a number"),
        ({"rating": Decimal128("NaN")}, "rating", "NaN", "is not a number"),
        ({"rating": Decimal128("Infinity")}, "rating", "Infinity", "is not a number"),
        ({"title": None}, "title", None, "is missing"),
        ({"title": 5}, "title", "5", "is not text but "),
        ({"title": "a\0b"}, "title", "a\\0b", "holds a NUL character"),
        ({"views_count": 1.5}, "views_count", "1.5", "is not a whole number"),
        (
            {"views_count": datetime(2020, 1, 1)},
            "views_count",
            "2020-01-01 00:00:00",
            "is not a whole number",
        ),
        ({"genre": "Drama"}, "genre", "Drama", "is not a list but text"),
        ({"genre": ["Drama", 5]}, "genre[1]", "5", "is not text but "),
        ({"genre": ["Drama", ["Crime"]]}, "genre[1]", "['Crime']", "is not text but a list"),
        ({"more": {"deep": ["a\0b"]}}, None, None, "holds a NUL character"),
        ({"updated_at": "yesterday"}, "updated_at", "yesterday", "is not a date"),
        ({"updated_at": 20240901}, "updated_at", "20240901", "is not a date"),
    ],
)
def test_wrong_document_is_set_aside_and_the_rest_loads(pipeline, fields, path, value, reason):
    pipeline.seed_content([movie()], [show()])
    pipeline.extract_content()
    id_ = write_past_the_validator(pipeline, movie("M2") | fields)
    pipeline.product.content.delete_one({"content_id": "M1"})
    pipeline.product.content.insert_one(
        movie("M3", content_type="movie", updated_at=pipeline.product.command("hello")["localTime"])
    )
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 2, "inserted": 1, "quarantined": 1, "deleted": 1}
    assert list(live(pipeline.raw("mongo_movies"))) == ["M3"]
    assert genres(pipeline, "M2") == []
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"]) == (str(id_), path)
    assert value is None or row["value"] == value
    assert row["reason"].startswith(reason)
    assert json.loads(row["row_text"])["content_id"] == "M2"
    assert (row["source_name"], row["stage"], row["batch_id"]) == ("mongo_content", "extract", "run 2")
    (run,) = [
        r for r in pipeline.load_runs() if r["batch_id"] == "run 2" and r["table_name"] == "mongo_movies"
    ]
    assert (run["rows_read"], run["rows_loaded"], run["rows_quarantined"]) == (2, 1, 1)


def test_document_that_turns_wrong_keeps_what_was_loaded(pipeline):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    change(pipeline, "M1", rating="high", genre=[1])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "quarantined": 1}
    assert counts(loads[GENRES]) == {}
    assert (pipeline.raw("mongo_movies"), pipeline.raw(GENRES)) == before
    # Mended, it loads.
    change(pipeline, "M1", rating=3, genre=["Drama"])
    loads = pipeline.extract_content(pipeline.batch("run 3"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert genres(pipeline) == ["Drama"]


@pytest.mark.parametrize("kind", ["game", None, 5, ["movie"], {"is": "movie"}, "a\0b"])
def test_document_of_an_unknown_kind_is_counted(pipeline, kind):
    pipeline.seed_content([movie()])
    id_ = write_past_the_validator(pipeline, movie("G1", content_type=kind))
    loads = pipeline.extract_content()
    assert counts(loads["mongo_content"]) == {"read": 1, "quarantined": 1}
    assert counts(loads["mongo_movies"]) == {"read": 1, "inserted": 1}
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"]) == (str(id_), "content_type")
    assert row["value"] == str(kind).replace("\0", "\\0")
    assert row["reason"] == "is no kind of document that is known"
    assert "mongo_content" in {run["table_name"] for run in pipeline.load_runs() if run["stage"] == "extract"}
    assert "mongo_content" not in pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)


@pytest.mark.parametrize("key", [None, 5, "", "a\0b", ["M9"], {"id": 1}])
def test_document_with_a_wrong_key_does_not_stop_the_load(pipeline, key):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    write_past_the_validator(pipeline, movie(key))
    for number in (2, 3):
        loads = pipeline.extract_content(pipeline.batch(f"run {number}"))
        assert counts(loads["mongo_movies"]) == {"read": 2, "unchanged": 1, "quarantined": 1}
    assert list(live(pipeline.raw("mongo_movies"))) == ["M1"]
    assert {row["column_name"] for row in pipeline.quarantine()} == {"content_id"}


@pytest.mark.parametrize(
    ("id_", "position"),
    [("a\0b", '"a\\u0000b"'), (5, "5"), ({"a": 1}, '{"a": {"$numberInt": "1"}}'), ("5", '"5"'), ("a5", "a5")],
)
def test_id_of_any_type_is_named(pipeline, id_, position):
    write_past_the_validator(pipeline, movie(rating="high", _id=id_))
    pipeline.extract_content()
    assert [row["position"] for row in pipeline.quarantine()] == [position]


def test_repeated_load_of_a_batch_forgets_no_rejection(pipeline):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    write_past_the_validator(pipeline, movie("M2", rating="high"))
    for _ in range(3):
        pipeline.extract_content(pipeline.batch("run 2"))
    assert len(pipeline.quarantine()) == 1
    # The watermark has moved on: the document is not read again, but it is still not loaded.
    pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert [row["reason"] for row in pipeline.quarantine()] == ["is not a number but text"]


@pytest.mark.parametrize("stamp", [None, "absent"])
def test_document_without_a_stamp_is_loaded_and_kept_up_to_date(pipeline, stamp):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    document = movie("M2", content_type="movie") | ({"updated_at": None} if stamp is None else {})
    pipeline.product.content.insert_one(document)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "inserted": 1}
    assert pipeline.raw("mongo_movies")["M2"]["_source_updated_at"] is None
    pipeline.product.content.update_one({"content_id": "M2"}, {"$set": {"rating": 1}})
    loads = pipeline.extract_content(pipeline.batch("run 3"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert pipeline.raw("mongo_movies")["M2"]["rating"] == 1
