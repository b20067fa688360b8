"""How a source is read: incrementally or whole, with its deletions or without."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import MaxKey, MinKey, Regex, Timestamp

from include.specs import MongoCollection, PostgresTable
from tests.integration.extract_load.short_movie import movie
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN
from tests.product import CONTENT, USERS

LONG_AGO = "2020-01-01"
GENRES = "mongo_content_genres"
STRATEGIES = ["incremental", "full_refresh"]
DELETES = ["sweep", "never"]


def users(strategy: str, deletes: str, **changes: object) -> PostgresTable:
    return replace(USERS, strategy=strategy, deletes=deletes, overlap=timedelta(0), **changes)


def content(strategy: str, deletes: str, **changes: object) -> MongoCollection:
    return replace(CONTENT, strategy=strategy, deletes=deletes, overlap=timedelta(0), **changes)


def overwrite(pipeline: Pipeline, key: str, stamp: object, **fields: object) -> None:
    """Change a document as somebody does who does not move its stamp."""
    fields["updated_at"] = stamp
    pipeline.product.content.update_one(
        {"content_id": key}, {"$set": fields}, bypass_document_validation=True
    )


# PostgreSQL.


@pytest.mark.parametrize("deletes", DELETES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_table_is_read_as_its_spec_says(own_pipeline, strategy, deletes):
    pipeline, table = own_pipeline, users(strategy, deletes)
    pipeline.seed_users(ANA, BEN)
    assert counts(pipeline.extract(table)) == {"read": 2, "inserted": 2}
    first = pipeline.raw()
    # A change that moves no stamp, and a deletion.
    pipeline.source("alter table users disable trigger touch_updated_at")
    pipeline.source("update users set age = 22 where user_id = 'U0001'")
    pipeline.source("delete from users where user_id = 'U0002'")
    load = pipeline.extract(table, pipeline.batch("run 2"))
    is_whole, is_swept = strategy == "full_refresh", deletes == "sweep"
    assert counts(load) == ({"read": 1, "updated": 1} if is_whole else {}) | (
        {"deleted": 1} if is_swept else {}
    )
    raw = pipeline.raw()
    assert raw["U0001"]["age"] == (22 if is_whole else 21)
    assert (raw["U0002"]["_deleted_at"] == load.started_at) == is_swept
    if not is_swept:
        assert raw["U0002"] == first["U0002"]
    again = pipeline.extract(table, pipeline.batch("run 3"))
    assert counts(again) == ({"read": 1, "unchanged": 1} if is_whole else {})
    assert pipeline.raw() == raw


@pytest.mark.parametrize("deletes", DELETES)
def test_table_without_a_stamp_is_refreshed(own_pipeline, deletes):
    pipeline, table = own_pipeline, users("full_refresh", deletes, watermark=None)
    pipeline.seed_users(ANA, BEN)
    assert counts(pipeline.extract(table)) == {"read": 2, "inserted": 2}
    assert {row["_source_updated_at"] for row in pipeline.raw().values()} == {None}
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    load = pipeline.extract(table, pipeline.batch("run 2"))
    assert counts(load)["updated"] == 1
    assert pipeline.raw()["U0002"]["age"] == 36


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_table_that_is_swept_again_finds_every_deletion(pipeline, strategy):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract(users(strategy, "never"))
    pipeline.source("delete from users where user_id = 'U0002'")
    assert pipeline.extract(users(strategy, "never"), pipeline.batch("run 2")).deleted == 0
    assert pipeline.extract(users(strategy, "sweep"), pipeline.batch("run 3")).deleted == 1
    assert list(live(pipeline.raw())) == ["U0001"]


def test_table_that_becomes_incremental_goes_on_from_its_last_load(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract(users("full_refresh", "sweep"))
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    load = pipeline.extract(users("incremental", "sweep"), pipeline.batch("run 2"))
    assert counts(load) == {"read": 1, "updated": 1}


# MongoDB.


@pytest.mark.parametrize("deletes", DELETES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_collection_is_read_as_its_spec_says(pipeline, strategy, deletes):
    collection = content(strategy, deletes)
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content(collection=collection)
    first = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    overwrite(pipeline, "M1", datetime.fromisoformat(LONG_AGO), rating=1, genre=["Horror"])
    pipeline.product.content.delete_one({"content_id": "M2"})
    loads = pipeline.extract_content(pipeline.batch("run 2"), collection)
    is_whole, is_swept = strategy == "full_refresh", deletes == "sweep"
    movies, genres = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    assert movies["M1"]["rating"] == (1 if is_whole else 8.5)
    assert loads["mongo_movies"].read == is_whole
    assert ("M2" not in live(movies)) == is_swept
    # The shortened list of a document that was read is shortened, whatever becomes of deleted documents.
    kept = {("M1", 1)} if is_whole else {("M1", 1), ("M1", 2)}
    assert set(live(genres)) == kept | (set() if is_swept else {("M2", 1), ("M2", 2)})
    if not is_swept:
        assert (movies["M2"], genres["M2", 1]) == (first[0]["M2"], first[1]["M2", 1])
    again = pipeline.extract_content(pipeline.batch("run 3"), collection)
    assert not any(load.inserted or load.updated or load.deleted for load in again.values())


def test_document_that_changes_its_kind_leaves_the_old_one_without_a_sweep(pipeline):
    collection = content("incremental", "never")
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content(collection=collection)
    now = pipeline.product.command("hello")["localTime"]
    overwrite(pipeline, "M1", now, content_type="series", genre=["Drama"])
    pipeline.extract_content(pipeline.batch("run 2"), collection)
    assert list(live(pipeline.raw("mongo_movies"))) == ["M2"]
    assert list(live(pipeline.raw("mongo_series"))) == ["M1"]
    assert set(live(pipeline.raw(GENRES))) == {("M1", 1), ("M2", 1), ("M2", 2)}


def test_collection_without_a_stamp_is_refreshed(pipeline):
    collection = content("full_refresh", "sweep", watermark=None)
    pipeline.seed_content([movie()])
    pipeline.extract_content(collection=collection)
    overwrite(pipeline, "M1", "no date at all", rating=1)
    loads = pipeline.extract_content(pipeline.batch("run 2"), collection)
    assert loads["mongo_movies"].updated == 1
    assert pipeline.raw("mongo_movies")["M1"]["_source_updated_at"] is None


# What an incremental load of a collection reads.

UNDATED = [None, "text", 3, 2.5, True, {"a": 1}, [], [[1]], ["a"], b"x", Timestamp(1, 1), Regex("x")]
UNDATED += [MinKey(), MaxKey()]


def test_document_is_read_whatever_its_stamp_is_unless_it_is_a_date_long_past(pipeline):
    pipeline.extract_content()
    stamps = dict(enumerate([datetime.fromisoformat(LONG_AGO), datetime.now(UTC), *UNDATED]))
    for number, stamp in stamps.items():
        pipeline.product.content.insert_one(
            {"content_type": "film", "updated_at": stamp} | movie(f"M{number}"),
            bypass_document_validation=True,
        )
    pipeline.product.content.insert_one({"content_type": "film"} | movie("missing"), True)
    loads = pipeline.extract_content(pipeline.batch("run 2"), content("incremental", "sweep"))
    assert loads["mongo_content"].read == len(stamps)
    ids = {str(row["_id"]) for row in pipeline.product.content.find({"content_id": {"$ne": "M0"}})}
    assert {row["position"] for row in pipeline.quarantine()} == ids
