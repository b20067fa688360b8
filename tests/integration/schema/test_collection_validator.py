"""What the collection itself refuses, its unique key, and how an older one is brought up to date."""

import pytest
from bson import Code
from pymongo.errors import BulkWriteError, DuplicateKeyError, WriteError

from include.schema.mongo import create_collection
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import movie, show, without
from tests.product import CONTENT


@pytest.mark.parametrize(
    "document",
    [
        without(movie(), "title"),
        without(movie(), "content_id"),
        movie(title=""),
        movie(rating="high"),
        movie(rating=-1),
        movie(views_count="many"),
        movie(genre="Drama"),
        movie(genre=["Drama", 5]),
        show(episodes_per_season=["ten"]),
    ],
)
def test_validator_refuses_a_wrong_document(pipeline, document):
    with pytest.raises(WriteError, match="Document failed validation"):
        pipeline.product.content.insert_one({"content_type": "movie"} | document)
    assert pipeline.documents() == {}


@pytest.mark.parametrize("kind", ["game", None])
def test_validator_refuses_an_unknown_kind(pipeline, kind):
    with pytest.raises(WriteError, match="Document failed validation"):
        pipeline.product.content.insert_one(movie() | ({"content_type": kind} if kind else {}))
    pipeline.product.content.insert_one(movie(content_type="movie"))
    with pytest.raises(WriteError, match="Document failed validation"):
        pipeline.product.content.update_one({"content_id": "M1"}, {"$set": {"content_type": "game"}})
    assert pipeline.documents()["M1"]["content_type"] == "movie"


@pytest.mark.parametrize("key", [None, 5, {"id": "M2"}, Code("M1"), Code("M2", {"a": 1})])
def test_document_without_a_proper_key_does_not_stop_the_next_file(pipeline, key):
    pipeline.seed_content([movie()])
    stranger = movie(key, content_type="movie")
    pipeline.product.get_collection("content").insert_one(stranger, bypass_document_validation=True)
    load = pipeline.seed_content([movie(), movie("M3")])
    assert counts(load) == {"read": 2, "inserted": 1, "unchanged": 1, "deleted": 1}
    assert sorted(pipeline.documents()) == ["M1", "M3"]


def test_key_is_unique_across_kinds(pipeline):
    pipeline.seed_content([movie("X1")])
    with pytest.raises(DuplicateKeyError):
        pipeline.product.content.insert_one(show("X1", content_type="series"))
    assert pipeline.documents()["X1"]["content_type"] == "movie"


def test_validator_of_an_older_collection_is_brought_up_to_date(own_pipeline):
    own_pipeline.product.command("collMod", "content", validator={})
    own_pipeline.product.content.insert_one({"content_id": "M0", "anything": True})
    own_pipeline.product.content.delete_many({})
    create_collection(own_pipeline.product, CONTENT)
    with pytest.raises((WriteError, BulkWriteError)):
        own_pipeline.product.content.insert_one({"content_id": "M1", "anything": True})
    indexes = own_pipeline.product.content.index_information()
    assert indexes["content_id_1"]["unique"]
    assert "updated_at_1" in indexes
