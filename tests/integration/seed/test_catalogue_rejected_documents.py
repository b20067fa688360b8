"""Documents of the JSON file that cannot be loaded: each is set aside with its reason, and the rest loads."""

import json
from datetime import date

import pytest

from tests.integration.helpers.loads import counts, rejections
from tests.integration.helpers.samples import movie, show, without

BAD_MOVIES = [
    (movie("M2", title=5), "title", "5", "is not text but a"),
    (movie("M2", title=None), "title", None, "is missing"),
    (movie("M2", title="  "), "title", "  ", "is empty"),
    (without(movie("M2"), "title"), "title", None, "is missing"),
    (without(movie(), "content_id"), "content_id", None, "is missing"),
    (movie(""), "content_id", "", "is empty"),
    (movie(7), "content_id", "7", "is not text but a"),
    (movie(["M2"]), "content_id", "['M2']", "is not text but a list"),
    (movie("M2", rating="high"), "rating", "high", "is not a number but text"),
    (movie("M2", rating=True), "rating", "True", "is not a number but true/false"),
    (movie("M2", rating=-1), "rating", "-1", "is below 0"),
    (movie("M2", rating=float("nan")), "rating", "nan", "is not a number"),
    (movie("M2", rating=float("inf")), "rating", "inf", "is not a number"),
    (movie("M2", views_count=1.5), "views_count", "1.5", "is not a whole number"),
    (movie("M2", views_count=2**63), "views_count", str(2**63), f"is above {2**63 - 1}"),
    (movie("M2", views_count=-1), "views_count", "-1", "is below 0"),
    (movie("M2", release_year=3000), "release_year", "3000", "is above 2200"),
    (
        movie("M2", release_year={"year": 2019}),
        "release_year",
        "{'year': 2019}",
        "is not a whole number but an object",
    ),
    (movie("M2", production_budget="$5"), "production_budget", "$5", "is not a number but text"),
    (movie("M2", genre="Drama"), "genre", "Drama", "is not a list but text"),
    (movie("M2", genre=["Drama", 5]), "genre[1]", "5", "is not text but a"),
    (movie("M2", genre=["Drama", None]), "genre[1]", None, "is missing"),
    (movie("M2", genre=["Drama", ["Crime"]]), "genre[1]", "['Crime']", "is not text but a list"),
    (movie("M2", created_at="2020-01-01"), "created_at", "2020-01-01", "is set by the platform"),
    (movie("M2", content_type="series"), "content_type", "series", "is set by the platform"),
    (movie("M2", _id="mine"), "_id", "mine", "is set by the platform"),
    (movie("M1"), "content_id", "M1", "repeats the key of an earlier document"),
    ("M2", None, "'M2'", "is not an object but text"),
    (None, None, "None", "is not an object but null"),
    ([movie("M2")], None, None, "is not an object but a list"),
]


@pytest.mark.parametrize(("document", "path", "value", "reason"), BAD_MOVIES)
def test_bad_movie_is_set_aside_and_the_rest_loads(pipeline, document, path, value, reason):
    load = pipeline.seed_content([movie(), document, movie("M3")], [show()])
    assert counts(load) == {"read": 4, "inserted": 3, "quarantined": 1}
    assert sorted(pipeline.documents()) == ["M1", "M3", "S1"]
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"]) == ("movies[1]", path)
    assert row["reason"].startswith(reason)
    assert value is None or row["value"] == value
    assert row["row_text"] == json.dumps(document)
    assert (row["source_name"], row["table_name"], row["stage"]) == ("content.json", "content", "seed")
    assert (row["batch_id"], row["as_of"]) == ("run 1", date(2024, 9, 1))


BAD_SERIES = [
    (
        show("S2", episodes_per_season=[8, "ten"]),
        "episodes_per_season[1]",
        "ten",
        "is not a whole number but text",
    ),
    (show("S2", episodes_per_season=[8, -1]), "episodes_per_season[1]", "-1", "is below 0"),
    (
        show("S2", episodes_per_season={"1": 8}),
        "episodes_per_season",
        "{'1': 8}",
        "is not a list but an object",
    ),
    (show("S2", seasons=2.5), "seasons", "2.5", "is not a whole number"),
    (show("M1"), "content_id", "M1", "repeats the key of an earlier document"),
]


@pytest.mark.parametrize(("document", "path", "value", "reason"), BAD_SERIES)
def test_bad_series_is_set_aside_and_the_rest_loads(pipeline, document, path, value, reason):
    load = pipeline.seed_content([movie()], [show(), document])
    assert counts(load) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert {key: doc["content_type"] for key, doc in pipeline.documents().items()} == {
        "M1": "movie",
        "S1": "series",
    }
    assert rejections(pipeline) == [("series[1]", path, value, reason)]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('{"content_id": "M2", "title": "a\\u0000b"}', id="NUL in a text"),
        pytest.param(
            '{"content_id": "M2", "title": "x", "more": {"deep": ["a\\u0000b"]}}', id="NUL deep inside"
        ),
        pytest.param('{"content_id": "M2", "title": "x", "a\\u0000b": 1}', id="NUL in a name"),
        pytest.param('{"content_id": "M2", "title": "half \\ud800 character"}', id="half a character"),
        pytest.param(
            '{"content_id": "M2", "title": 5, "rating": "\\ud800"}', id="half a character elsewhere"
        ),
        pytest.param(
            '{"content_id": "M2", "title": "x", "more": 12345678901234567890123456789012345}', id="too large"
        ),
    ],
)
def test_document_that_no_database_can_hold_is_set_aside(pipeline, document):
    pipeline.write("content.json", f'{{"movies": [{json.dumps(movie())}, {document}], "series": []}}')
    assert counts(pipeline.seed_catalogue()) == {"read": 2, "inserted": 1, "quarantined": 1}
    (row,) = pipeline.quarantine()
    assert row["position"] == "movies[1]"
    assert json.loads(row["row_text"]) == json.loads(document)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(movie("M2", rating="high"), id="wrong type"),
        pytest.param(movie("M2", title="a\0b"), id="NUL"),
        pytest.param(movie("M2", updated_at="now"), id="reserved field"),
        pytest.param(movie("M2", genre=[1]), id="in a list"),
        pytest.param(movie("M2", more=2**70 * 10**15 + 1), id="cannot be stored"),
    ],
)
def test_older_version_of_a_rejected_document_stays(pipeline, broken):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")])
    before = pipeline.documents()
    load = pipeline.seed_content([movie(), broken], batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1, "deleted": 1}
    assert pipeline.documents() == {key: before[key] for key in ("M1", "M2")}
