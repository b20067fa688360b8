"""Documents that go, return, or become a document of another kind, and their elements with them."""

from datetime import date

import pytest

from tests.integration.extract_load.mongo.catalogue import (
    GENRES,
    SEASONS,
    STRICT_CONTENT,
    genres,
    values,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show
from tests.product import CONTENT


@pytest.mark.parametrize("collection", [CONTENT, STRICT_CONTENT], ids=["overlap", "no overlap"])
def test_deleted_document_takes_its_elements_along(pipeline, collection):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    tables = list(pipeline.extract_content())
    before = {table: pipeline.raw(table) for table in tables}
    pipeline.seed_content([movie("M2")])
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"), collection)
    assert {table: load.deleted for table, load in loads.items()} == {
        "mongo_movies": 1,
        "mongo_series": 1,
        GENRES: 3,
        SEASONS: 2,
    }
    for table in tables:
        for key, row in pipeline.raw(table).items():
            if row["content_id"] == "M2":
                assert row == before[table][key]
            else:
                assert row["_deleted_at"] == row["_loaded_at"] == loads[table].started_at
                assert values(row) == values(before[table][key])
    again = pipeline.extract_content(pipeline.batch("run 3"), collection)
    assert [load.deleted for load in again.values()] == [0] * 4


def test_document_that_returns_lives_again_with_its_elements(pipeline):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    pipeline.seed_content([movie("M2")])
    pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert genres(pipeline) == []
    pipeline.seed_content([movie(genre=["Drama"]), movie("M2")])
    loads = pipeline.extract_content(pipeline.batch("run 3"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert live(pipeline.raw("mongo_movies"))["M1"]["_batch_id"] == "run 3"
    assert genres(pipeline) == ["Drama"]


def test_movie_that_becomes_a_series_moves(pipeline):
    pipeline.seed_content([movie("X1")])
    pipeline.extract_content()
    pipeline.seed_content([], [show("X1", genre=["Drama", "Thriller"])])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"deleted": 1}
    assert counts(loads["mongo_series"]) == {"read": 1, "inserted": 1}
    # Its genres are what they were.
    assert counts(loads[GENRES]) == {"read": 2, "unchanged": 2}
    assert live(pipeline.raw("mongo_movies")) == {}
    assert list(live(pipeline.raw("mongo_series"))) == ["X1"]
    assert genres(pipeline, "X1") == ["Drama", "Thriller"]
    assert len(live(pipeline.raw(SEASONS))) == 2


def test_as_of_never_goes_backwards(pipeline):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"))
    pipeline.seed_content([movie(rating=1)])
    pipeline.extract_content(pipeline.batch("run 1", "2024-09-01"))
    rows = pipeline.raw("mongo_movies")
    assert {(row["_batch_id"], row["_as_of"]) for row in rows.values()} == {("run 1", date(2024, 9, 2))}
    assert rows["M1"]["rating"] == 1
