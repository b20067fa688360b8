"""What the JSON file changes in its collection: only what differs, every field kept as it came."""

import json
import logging

import pytest

from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import movie, show, without

STAMPS = ("_id", "created_at", "updated_at")


def test_first_load_brings_every_document(pipeline):
    load = pipeline.seed_content([movie()], [show()])
    assert counts(load) == {"read": 2, "inserted": 2}
    documents = pipeline.documents()
    assert without(documents["M1"], *STAMPS) == movie(content_type="movie")
    assert without(documents["S1"], *STAMPS) == show(content_type="series")
    assert documents["M1"]["created_at"] == documents["M1"]["updated_at"]
    now = pipeline.product.command("hello")["localTime"]
    assert 0 <= (now - documents["M1"]["updated_at"]).total_seconds() < 60


def test_load_is_recorded_with_its_numbers(pipeline):
    pipeline.seed_content([movie(), movie("M2", rating="high")], [show()])
    pipeline.seed_content([movie()], [show(rating=9)], batch=pipeline.batch("run 2", "2024-09-02"))
    first, second = pipeline.load_runs()
    assert (first["batch_id"], first["stage"], first["table_name"]) == ("run 1", "seed", "content")
    assert [first[f"rows_{name}"] for name in ("read", "loaded", "unchanged", "quarantined")] == [3, 2, 0, 1]
    assert [second[f"rows_{name}"] for name in ("read", "loaded", "unchanged", "quarantined")] == [2, 1, 1, 0]


def test_same_file_again_touches_nothing(pipeline):
    pipeline.seed_content([movie()], [show()])
    before = pipeline.documents()
    load = pipeline.seed_content([movie()], [show()], batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "unchanged": 2}
    assert pipeline.documents() == before
    assert sorted(before) == ["M1", "S1"]


def test_order_of_fields_is_no_change(pipeline):
    pipeline.seed_content([movie()])
    backwards = dict(reversed(movie().items()))
    assert counts(pipeline.seed_content([backwards])) == {"read": 1, "unchanged": 1}


def test_next_file_moves_only_what_differs(pipeline):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")], [show()])
    before = pipeline.documents()
    load = pipeline.seed_content([movie(), movie("M2", genre=["Drama"]), movie("M4")], [show()])
    assert counts(load) == {"read": 4, "inserted": 1, "updated": 1, "unchanged": 2, "deleted": 1}
    after = pipeline.documents()
    assert sorted(after) == ["M1", "M2", "M4", "S1"]
    assert (after["M1"], after["S1"]) == (before["M1"], before["S1"])
    assert after["M2"]["genre"] == ["Drama"]
    assert (after["M2"]["_id"], after["M2"]["created_at"]) == (
        before["M2"]["_id"],
        before["M2"]["created_at"],
    )
    assert after["M2"]["updated_at"] > before["M2"]["updated_at"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(movie(), without(movie(), "rating"), id="field taken away"),
        pytest.param(movie(), movie(rating=None), id="value becomes null"),
        pytest.param(movie(), movie(genre=["Thriller", "Drama"]), id="order of a list"),
        pytest.param(movie(), movie(genre=[]), id="list emptied"),
        pytest.param(movie(), movie(extra={"a": 1}), id="field beyond the contract"),
        pytest.param(movie(extra={"a": [1, 2]}), movie(extra={"a": [1, 3]}), id="deep inside one"),
    ],
)
def test_every_real_change_is_written(pipeline, old, new):
    pipeline.seed_content([old])
    before = pipeline.documents()["M1"]
    assert counts(pipeline.seed_content([new])) == {"read": 1, "updated": 1}
    after = pipeline.documents()["M1"]
    assert without(after, *STAMPS) == new | {"content_type": "movie"}
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


def test_movie_may_become_a_series(pipeline):
    pipeline.seed_content([movie("X1")])
    before = pipeline.documents()["X1"]
    assert counts(pipeline.seed_content([], [show("X1")])) == {"read": 1, "updated": 1}
    after = pipeline.documents()["X1"]
    assert without(after, *STAMPS) == show("X1", content_type="series")
    assert after["_id"] == before["_id"]


def test_fields_beyond_the_contract_are_kept_and_reported(pipeline, caplog):
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_content([movie(tags=["a"], cast=[{"name": "Zoë"}])], [show(network="NBN")])
    note = "content.json has fields that no column takes, kept in the document: cast, network, tags"
    assert load.notes == [note]
    assert note in caplog.text
    assert pipeline.documents()["M1"]["cast"] == [{"name": "Zoë"}]
    assert pipeline.documents()["S1"]["network"] == "NBN"


def test_lists_that_nobody_loads_are_reported(pipeline, caplog):
    lists = {"movies": [movie()], "Series": [show("S2")], "series": [], "shows": [show()]}
    pipeline.write("content.json", json.dumps(lists))
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_catalogue()
    assert load.notes == ["content.json has more than its lists, which is not loaded: Series, shows"]
    assert load.notes[0] in caplog.text
    assert list(pipeline.documents()) == ["M1"]


def test_optional_fields_may_be_null_or_absent(pipeline):
    load = pipeline.seed_content(
        [{"content_id": "M1", "title": "Bare"}, movie("M2", rating=None, genre=None, release_year=None)]
    )
    assert counts(load) == {"read": 2, "inserted": 2}
    assert without(pipeline.documents()["M1"], *STAMPS) == {
        "content_id": "M1",
        "title": "Bare",
        "content_type": "movie",
    }


@pytest.mark.parametrize(
    "title", ["'); drop table users; --", "$where", "名前 🎬", "tab\tline\nback\\slash", "{}"]
)
def test_text_stays_text(pipeline, title):
    pipeline.seed_content([movie(title=title, genre=[title, "{$gt: 0}"])])
    assert pipeline.documents()["M1"]["title"] == title
    assert pipeline.documents()["M1"]["genre"] == [title, "{$gt: 0}"]
    assert counts(pipeline.seed_catalogue()) == {"read": 1, "unchanged": 1}


def test_whole_numbers_may_be_written_with_a_point(pipeline):
    pipeline.seed_content([movie(views_count=10.0, release_year=2019.0)], [show(episodes_per_season=[8.0])])
    assert pipeline.quarantine() == []
    assert pipeline.documents()["M1"]["views_count"] == 10
    load = pipeline.seed_content([movie(views_count=10)], [show(episodes_per_season=[8])])
    assert counts(load) == {"read": 2, "unchanged": 2}


@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n  "])
def test_file_may_be_written_by_many_programs(pipeline, start):
    pipeline.seed_content([movie()])
    text = json.dumps({"series": [], "movies": [movie()], "exported_by": "me"}, indent=4)
    pipeline.write("content.json", start + text.replace("\n", "\r\n"))
    assert counts(pipeline.seed_catalogue()) == {"read": 1, "unchanged": 1}
