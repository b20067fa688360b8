"""Arrays of a document: their elements come, change, go and return with it."""

from datetime import date

import pytest

from tests.integration.extract_load.mongo.catalogue import (
    GENRES,
    SEASONS,
    STRICT_CONTENT,
    genres,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show
from tests.product import CONTENT


def test_changed_list_replaces_its_own_elements_only(pipeline):
    pipeline.seed_content([movie(genre=["Drama", "Thriller", "Crime"]), movie("M2")], [show()])
    pipeline.extract_content()
    before = pipeline.raw(GENRES)
    pipeline.seed_content([movie(genre=["Drama", "Comedy", "Crime"]), movie("M2")], [show()])
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"))
    assert (loads[GENRES].updated, loads[GENRES].deleted) == (1, 0)
    after = pipeline.raw(GENRES)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {("M1", 2)}
    assert genres(pipeline) == ["Drama", "Comedy", "Crime"]
    row = after["M1", 2]
    assert (row["_batch_id"], row["_loaded_at"]) == ("run 2", loads[GENRES].started_at)


@pytest.mark.parametrize("collection", [CONTENT, STRICT_CONTENT], ids=["overlap", "no overlap"])
def test_shortened_list_marks_what_is_gone(pipeline, collection):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    before = pipeline.raw(GENRES)
    pipeline.seed_content([movie(genre=["Drama"]), movie("M2")], [show(episodes_per_season=[8])])
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"), collection)
    assert (loads[GENRES].deleted, loads[SEASONS].deleted) == (1, 1)
    after = pipeline.raw(GENRES)
    assert {key for key in after if after[key] != before[key]} == {("M1", 2)}
    gone = after["M1", 2]
    assert gone["_deleted_at"] == gone["_loaded_at"] == loads[GENRES].started_at
    assert (gone["genre"], gone["_batch_id"], gone["_as_of"]) == ("Thriller", "run 2", date(2024, 9, 2))
    assert list(live(pipeline.raw(SEASONS))) == [("S1", 1)]


@pytest.mark.parametrize("fields", [{"genre": []}, {"genre": None}, {}], ids=["emptied", "null", "removed"])
def test_list_that_is_no_more_has_no_elements(pipeline, fields):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    bare = {name: value for name, value in movie().items() if name != "genre"}
    pipeline.seed_content([bare | fields, movie("M2")])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads[GENRES]) == {"deleted": 2}
    assert genres(pipeline) == []
    assert genres(pipeline, "M2") == ["Drama", "Thriller"]


def test_list_may_grow_and_come_back(pipeline):
    for number, names in enumerate([["a"], ["a", "b", "c"], [], ["c", "b"]], 1):
        pipeline.seed_content([movie(genre=names)])
        pipeline.extract_content(pipeline.batch(f"run {number}"), STRICT_CONTENT)
        assert genres(pipeline) == names
    assert len(pipeline.raw(GENRES)) == 3


def test_same_genre_twice_is_two_elements(pipeline):
    pipeline.seed_content([movie(genre=["Drama", "Drama"])])
    pipeline.extract_content()
    assert genres(pipeline) == ["Drama", "Drama"]
