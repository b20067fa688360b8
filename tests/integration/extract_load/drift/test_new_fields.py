"""A collection whose documents change their shape: new fields are reported, missing ones are named."""

import logging
from dataclasses import replace

import pytest
from bson import Decimal128, Int64, ObjectId

from include.errors import InputError, SchemaDriftError
from tests.integration.extract_load.drift.shapes import (
    changes,
)
from tests.integration.extract_load.short_movie import movie
from tests.integration.helpers.pipeline import Pipeline
from tests.product import CONTENT


def insert(pipeline: Pipeline, document: dict[str, object]) -> str:
    """Write a movie as an application with more rights does; return its id."""
    now = pipeline.product.command("hello")["localTime"]
    document = {"content_type": "movie", "created_at": now, "updated_at": now} | document
    return str(pipeline.product.content.insert_one(document, bypass_document_validation=True).inserted_id)


FIELDS = ("table_name", "column_name", "new_type", "document_id", "action")


def test_field_that_no_column_takes_is_reported_once_with_its_first_document(pipeline, caplog):
    pipeline.seed_content([movie(f"M{number}") for number in range(3000)])
    late = insert(pipeline, movie("late", subtitles=["en"]))
    with caplog.at_level(logging.WARNING):
        pipeline.extract_content()
        insert(pipeline, movie("later", subtitles=["de"]))
        pipeline.extract_content(pipeline.batch("run 2"))
    assert changes(pipeline, *FIELDS) == [("mongo_movies", "subtitles", "array", late, "kept in _document")]
    assert len([message for message in caplog.messages if "subtitles" in message]) == 1
    assert pipeline.raw("mongo_movies")["late"]["_document"]["subtitles"] == ["en"]


def test_field_is_reported_again_when_its_type_changes(pipeline):
    values = [1, Int64(2), 2.5, Decimal128("1"), "x", True, None, ["x"], {"a": 1}, ObjectId(), b"x"]
    ids = [insert(pipeline, movie(f"M{number}", extra=value)) for number, value in enumerate(values)]
    pipeline.extract_content()
    types = ["int", "long", "double", "decimal", "string", "bool", "null", "array", "object", "objectId"]
    assert changes(pipeline, "column_name", "new_type", "document_id") == [
        ("extra", type_, id_) for type_, id_ in zip([*types, "binData"], ids, strict=True)
    ]


def test_new_field_of_a_document_that_is_rejected_is_reported_too(pipeline):
    insert(pipeline, movie(rating="high", subtitles=1))
    pipeline.extract_content()
    assert [row["column_name"] for row in pipeline.quarantine()] == ["rating"]
    assert [row[1] for row in changes(pipeline)] == ["subtitles"]


def test_known_fields_are_not_reported(pipeline):
    pipeline.seed_content([movie()], [{"content_id": "S1", "title": "Dark", "episodes_per_season": [8]}])
    pipeline.extract_content()
    assert changes(pipeline) == []
    # A field of the other kind is none of this one.
    insert(pipeline, movie("M2", seasons=3))
    pipeline.extract_content(pipeline.batch("run 2"))
    assert changes(pipeline, "table_name", "column_name") == [("mongo_movies", "seasons")]


def test_wrong_element_is_named_by_its_place_in_the_list(pipeline):
    id_ = insert(pipeline, movie(genre=["Horror", "Drama", 7, 8]))
    pipeline.extract_content()
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"], row["value"]) == (id_, "genre[2]", "7")


def test_declared_field_that_every_document_lacks_rejects_each_with_its_id(pipeline):
    pipeline.seed_content([movie(f"M{number}") for number in range(120)])
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies")
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_many(
        {}, {"$unset": {"title": ""}, "$set": {"updated_at": now}}, bypass_document_validation=True
    )
    with pytest.raises(InputError, match=r"120 of the 120 rows read cannot be loaded .*title is missing"):
        pipeline.extract_content(pipeline.batch("run 2"), replace(CONTENT, strategy="full_refresh"))
    ids = {str(document["_id"]) for document in pipeline.product.content.find()}
    rejected = {(row["position"], row["column_name"], row["reason"]) for row in pipeline.quarantine()}
    assert rejected == {(id_, "title", "is missing") for id_ in ids}
    assert pipeline.raw("mongo_movies") == before


def test_missing_collection_stops_the_load_instead_of_deleting_everything(own_pipeline):
    own_pipeline.seed_content([movie()])
    own_pipeline.extract_content()
    before = own_pipeline.raw("mongo_movies")
    own_pipeline.product.drop_collection("content")
    with pytest.raises(SchemaDriftError, match="the source has no collection content"):
        own_pipeline.extract_content(own_pipeline.batch("run 2"))
    assert own_pipeline.raw("mongo_movies") == before
    assert changes(own_pipeline) == [("mongo_content", None, "removed", "stopped the load")]
