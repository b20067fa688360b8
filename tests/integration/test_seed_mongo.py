"""The JSON file into MongoDB: what changes, what is set aside, and what a broken file leaves alone."""

import json
import logging
from datetime import date

import psycopg2
import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, WriteError

from include.errors import InputError
from include.schema.mongo import create_collection
from include.seed import mongo
from include.tables import CONTENT


def movie(content_id="M1", **fields):
    return {
        "content_id": content_id,
        "title": "The Long Wait",
        "genre": ["Drama", "Thriller"],
        "duration_minutes": 104,
        "release_year": 2019,
        "rating": 7.5,
        "views_count": 12_345,
        "production_budget": 2_500_000,
    } | fields


def show(content_id="S1", **fields):
    return {
        "content_id": content_id,
        "title": "Harbour",
        "genre": ["Crime"],
        "seasons": 2,
        "episodes_per_season": [8, 10],
        "avg_episode_duration": 47.5,
        "rating": 8.1,
        "total_views": 99,
        "production_budget": 9_000_000,
    } | fields


def without(document, *names):
    return {name: value for name, value in document.items() if name not in names}


def counts(load):
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def rejections(pipeline):
    return [(r["position"], r["column_name"], r["value"], r["reason"]) for r in pipeline.quarantine()]


STAMPS = ("_id", "created_at", "updated_at")


# What a file changes.


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


# Documents that cannot be loaded.

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
            '{"content_id": "M2", "title": "x", "more": 123456789012345678901234567890}', id="too large"
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
        pytest.param(movie("M2", more=2**70), id="cannot be stored"),
    ],
)
def test_older_version_of_a_rejected_document_stays(pipeline, broken):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")])
    before = pipeline.documents()
    load = pipeline.seed_content([movie(), broken], batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1, "deleted": 1}
    assert pipeline.documents() == {key: before[key] for key in ("M1", "M2")}


# Files that cannot be used.

UNUSABLE = [
    pytest.param(None, ["content.json: there is no such file", "Put it there"], id="missing"),
    pytest.param(b"", ["content.json, line 1, column 1: not JSON", "Nothing was loaded"], id="empty"),
    pytest.param(
        b'{"movies": [],\n "series": [}\n', ["content.json, line 2, column 13: not JSON"], id="not JSON"
    ),
    pytest.param(
        b'{"movies": [{"content_id": "M', ["content.json, line 1, column 28: not JSON"], id="cut off"
    ),
    pytest.param(
        b'{"movies": [{"title":\n"M\xe9xico"}]}',
        ["content.json, line 2: not UTF-8. Save the file as UTF-8"],
        id="Latin-1",
    ),
    pytest.param(b"[]", ["must be an object with the lists 'movies' and 'series'"], id="a list"),
    pytest.param(
        b'{"movies": []}',
        ["the list 'series' is missing; found movies. The file must be an object with"],
        id="list missing",
    ),
    pytest.param(b"{}", ["the list 'movies' is missing; found nothing"], id="no list"),
    pytest.param(
        b'{"movies": {}, "series": []}', ["the list 'movies' is missing"], id="list of another type"
    ),
    pytest.param(
        b'{"movies": [], "series": []}', ["the file has no data. Its table was left as it is"], id="no data"
    ),
    pytest.param(b"[" * 100_000, ["content.json", "nested too deeply"], id="nested too deeply"),
    pytest.param(
        b'{"movies": [{"content_id": "M1", "title": "x", "rating": ' + b"9" * 5000 + b'}], "series": []}',
        ["content.json: a number in it is too long", "Nothing was loaded"],
        id="number of 5,000 digits",
    ),
    pytest.param(
        b'{"movies": [{"content_id": "M1"}], "series": [{"title": "x"}]}',
        [
            "none of its 2 rows can be loaded; first, at movies[0]: title None is missing",
            "quarantine.rejected_rows",
        ],
        id="every document bad",
    ),
]


@pytest.mark.parametrize(("content", "message"), UNUSABLE)
def test_unusable_file_is_refused_and_changes_nothing(pipeline, content, message):
    pipeline.seed_content([movie()], [show()])
    before = pipeline.state()
    path = pipeline.folder / "content.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"))
    for part in [str(path), *message]:
        assert part in str(refused.value)
    assert pipeline.state() | {"quarantine": []} == before | {"quarantine": []}
    assert len(before["documents"]) == 2


def test_folder_in_place_of_the_file_is_refused(pipeline):
    (pipeline.folder / "content.json").mkdir()
    with pytest.raises(InputError, match=r"content\.json: cannot be read \(Is a directory\)"):
        pipeline.seed_catalogue()


def test_reasons_are_kept_when_every_document_is_bad(pipeline):
    for _ in range(2):
        with pytest.raises(InputError, match=r"all rows and reasons are in quarantine\.rejected_rows"):
            pipeline.seed_content([movie(rating="high")], [show(seasons="two")])
    assert rejections(pipeline) == [
        ("movies[0]", "rating", "high", "is not a number but text"),
        ("series[0]", "seasons", "two", "is not a whole number but text"),
    ]
    assert pipeline.load_runs() == []


# Days, repetition, crashes.


def test_repeated_batch_does_not_quarantine_twice(pipeline):
    for _ in range(3):
        pipeline.seed_content([movie(), movie("M2", rating="high")])
    assert rejections(pipeline) == [("movies[1]", "rating", "high", "is not a number but text")]
    pipeline.seed_content([movie(), movie("M2")])
    assert pipeline.quarantine() == []


def test_older_day_of_the_same_data_set_is_not_loaded(pipeline, caplog):
    pipeline.write_content([movie()])
    pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    before = pipeline.state()
    pipeline.write_content([movie("M2")])
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_catalogue(pipeline.batch("run 1", "2024-09-01"), dataset="generated seed=1")
    assert counts(load) == {}
    assert pipeline.state() == before
    assert "content.json is of 2024-09-01, the source already holds 2024-09-02: nothing to do" in caplog.text


@pytest.mark.parametrize("dataset", ["own files", "generated seed=2"])
def test_older_day_of_another_data_set_is_loaded(pipeline, dataset):
    pipeline.write_content([movie()])
    pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.write_content([movie("M2")])
    pipeline.seed_catalogue(pipeline.batch("run 1", "2024-09-01"), dataset=dataset)
    assert list(pipeline.documents()) == ["M2"]
    assert list(pipeline.product.seed_state.find()) == [
        {"_id": "content", "dataset": dataset, "as_of": "2024-09-01"}
    ]


def test_crash_before_the_log_is_written_leaves_nothing_and_a_retry_completes(pipeline, killed):
    pipeline.seed_content([movie(), movie("M2")])
    before = pipeline.state()
    second = pipeline.batch("run 2", "2024-09-02")
    with (
        killed("seed.seeding"),
        pytest.raises(psycopg2.OperationalError, match="the worker was killed"),
    ):
        pipeline.seed_content([movie(rating=1), movie("M3"), movie("M4", rating="x")], batch=second)
    assert pipeline.state() == before
    load = pipeline.seed_catalogue(second)
    assert counts(load) == {"read": 3, "inserted": 1, "updated": 1, "quarantined": 1, "deleted": 1}
    assert sorted(pipeline.documents()) == ["M1", "M3"]


def test_crash_in_the_middle_of_the_writes_is_completed_by_a_retry(pipeline, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")])
    everything = mongo.write

    def write_half(database, collection, writes):
        everything(database, collection, writes[: len(writes) // 2])
        raise ConnectionError("the network is gone")

    with monkeypatch.context() as patch:
        patch.setattr(mongo, "write", write_half)
        with pytest.raises(ConnectionError):
            pipeline.seed_content([movie(rating=1), movie("M3"), movie("M4")])
    load = pipeline.seed_catalogue()
    assert load.read == 3
    assert {key: doc["rating"] for key, doc in pipeline.documents().items()} == {
        "M1": 1,
        "M3": 7.5,
        "M4": 7.5,
    }


# What the collection itself keeps.


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


@pytest.mark.parametrize("key", [None, 5, {"id": "M2"}])
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
