"""How often a collection is read, and what goes straight into raw."""

import pytest

from include.errors import InputError
from include.extract_load import mongo, raw
from tests.integration.extract_load.mongo.catalogue import GENRES, STRICT_CONTENT, change, genres
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show


@pytest.fixture
def queries(pipeline, monkeypatch):
    """Return what is asked of the collection, as a list that grows."""
    collection, asked = type(pipeline.catalogue.content), []
    find = collection.find_raw_batches

    def ask(self, *query):
        asked.append(query)
        return find(self, *query)

    monkeypatch.setattr(collection, "find_raw_batches", ask)
    return asked


def test_first_load_reads_the_collection_once_and_stages_nothing(pipeline, queries, monkeypatch):
    monkeypatch.setattr(raw, "create_stage", None)
    pipeline.seed_content([movie(), movie("M2")], [show()])
    queries.clear()
    loads = pipeline.extract_content()
    assert queries == [({},)]
    assert counts(loads["mongo_movies"]) == {"read": 2, "inserted": 2}
    assert counts(loads[GENRES]) == {"read": 5, "inserted": 5}
    row = pipeline.raw("mongo_movies")["M1"]
    assert (row["_batch_id"], row["_loaded_at"]) == ("run 1", loads["mongo_movies"].started_at)


def test_without_an_index_one_pass_brings_changes_and_deletions(pipeline, queries):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")], [show()])
    pipeline.extract_content()
    change(pipeline, "M1", rating=1, genre=["Horror"])
    pipeline.product.content.delete_one({"content_id": "M2"})
    queries.clear()
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert queries == [({},)]
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1, "deleted": 1}
    assert sorted(live(pipeline.raw("mongo_movies"))) == ["M1", "M3"]
    assert genres(pipeline) == ["Horror"]


def test_by_an_index_only_changes_and_keys_are_read(pipeline, queries, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    change(pipeline, "M1", rating=1)
    pipeline.product.content.delete_one({"content_id": "M2"})
    # The embedded server has no index for the question; MongoDB has.
    monkeypatch.setattr(mongo, "finds_by_index", lambda *_: True)
    queries.clear()
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    (changed,), (everything, fields) = queries
    assert list(changed["updated_at"]) == ["$not"]
    assert (everything, fields) == ({}, {"_id": 0, "content_id": 1, "content_type": 1})
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1, "deleted": 1}


def test_movie_that_becomes_a_series_while_it_is_read_first_is_one_title(pipeline, monkeypatch):
    pipeline.seed_content([movie("X1")])
    collection = type(pipeline.catalogue.content)
    find = collection.find_raw_batches
    earlier = list(find(pipeline.catalogue.content, {}))
    pipeline.seed_content([], [show("X1", genre=["Drama"])])
    monkeypatch.setattr(collection, "find_raw_batches", lambda *query: [*earlier, *find(*query)])
    loads = pipeline.extract_content()
    assert counts(loads["mongo_series"]) == {"read": 1, "inserted": 1}
    monkeypatch.undo()
    # What changed meanwhile is read again.
    pipeline.extract_content(pipeline.batch("run 2"))
    assert live(pipeline.raw("mongo_movies")) == {}
    assert list(live(pipeline.raw("mongo_series"))) == ["X1"]
    assert genres(pipeline, "X1") == ["Drama"]


def test_first_load_that_must_reject_too_much_leaves_raw_empty_and_says_why(pipeline):
    pipeline.seed_content([movie(f"M{number}") for number in range(100)])
    broken = {"content_id": {"$gte": "M5"}}
    pipeline.product.content.update_many(broken, {"$set": {"rating": "high"}}, bypass_document_validation=True)
    with pytest.raises(InputError, match="mongo_content: 55 of the 100 rows read cannot be loaded"):
        pipeline.extract_content()
    assert pipeline.raw("mongo_movies") == pipeline.raw(GENRES) == {}
    assert [row["rule"] for row in pipeline.quarantine()] == ["wrong_type"] * 55
