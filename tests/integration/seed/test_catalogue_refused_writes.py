"""What MongoDB refuses although every check passed: set aside, counted, and told in a few words."""

import pytest
from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from include.replay import Replay, replay_documents
from include.schema.mongo import json_schema
from include.seed import mongo, seeding
from tests.integration.helpers.loads import counts, rejections
from tests.integration.helpers.samples import movie
from tests.product import CONTENT

CREATED = {"read": 4, "inserted": 3, "quarantined": 1}
REASON = "MongoDB refused the document: Document failed validation (code 121)"


@pytest.fixture
def strict(own_pipeline):
    """A server with a rule of its own: no document may have a field `forbidden`."""
    schema = json_schema(CONTENT)
    schema["properties"] |= {"forbidden": {"bsonType": "date"}}
    own_pipeline.product.command("collMod", "content", validator={"$jsonSchema": schema})
    return own_pipeline


def recorded(pipeline) -> list[list[int]]:
    names = ("read", "inserted", "updated", "unchanged", "quarantined")
    return [[run[f"rows_{name}"] for name in names] for run in pipeline.load_runs()]


def test_refused_documents_are_set_aside_and_the_others_written(strict):
    strict.seed_content([movie("M1"), movie("M2")])
    before = strict.documents()
    wrong = movie("M2", forbidden="x" * 10_000)
    load = strict.seed_content(
        [movie("M1", rating=1), wrong, movie("M3", forbidden=1), movie("M4", rating="x")]
    )
    assert counts(load) == {"read": 4, "updated": 1, "quarantined": 3}
    documents = strict.documents()
    assert (sorted(documents), documents["M2"], documents["M1"]["rating"]) == (["M1", "M2"], before["M2"], 1)
    assert recorded(strict) == [[2, 2, 0, 0, 0], [4, 0, 1, 0, 3]]
    found = {place: (column, why) for place, column, _, why in rejections(strict)}
    assert found["movies[2]"] == (None, REASON)
    assert found["movies[1]"][1].endswith("Document failed validation (code 121)")
    assert found["movies[3]"] == ("rating", "is not a number but text")
    again = strict.seed_content([movie("M1", rating=1), wrong], batch=strict.batch("run 2"))
    assert counts(again) == {"read": 2, "unchanged": 1, "quarantined": 1}


def test_task_killed_before_the_correction_ends_as_another(strict, monkeypatch):
    def die(*_):
        raise ConnectionError("the worker was killed")

    strict.write_content([movie("M1"), movie("M2", forbidden=1)])
    with monkeypatch.context() as patch:
        patch.setattr(seeding, "log_again", die)
        with pytest.raises(ConnectionError):
            strict.seed_catalogue()
    assert counts(strict.seed_catalogue()) == {"read": 2, "unchanged": 1, "quarantined": 1}
    assert recorded(strict)[-1] == [2, 0, 0, 1, 1]
    assert rejections(strict) == [("movies[1]", None, None, REASON)]


def test_replay_of_a_refused_document_waits_for_the_server(strict):
    strict.seed_content([movie("M1"), movie("M2", forbidden=1)])
    assert replay_documents(strict.product, strict.loader, CONTENT) == Replay("content.json", 0, 1, 0)
    strict.product.command("collMod", "content", validator={"$jsonSchema": json_schema(CONTENT)})
    assert replay_documents(strict.product, strict.loader, CONTENT) == Replay("content.json", 1, 0, 0)
    assert strict.documents()["M2"]["forbidden"] == 1


def test_error_that_is_not_about_a_document_is_raised_without_it(pipeline):
    long = movie("M1", more="x" * 100_000)
    pipeline.product.content.insert_one({**movie("M1"), "content_type": "movie"})
    new = {**long, "content_type": "movie"}
    with pytest.raises(BulkWriteError, match="E11000") as failed:
        mongo.write(
            pipeline.product, CONTENT, [mongo.Write(InsertOne(new), mongo.Accepted("movies[0]", "", new))]
        )
    assert len(str(failed.value)) < 1500
