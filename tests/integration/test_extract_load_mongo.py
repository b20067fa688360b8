"""From MongoDB into raw: documents become rows, elements become rows, and what is wrong is set aside."""

import dataclasses
import json
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg2
import pytest
from bson import Decimal128, Int64, ObjectId

from include.extract_load import load_collection
from include.ops.load_runs import record_load
from include.run import Run
from include.tables import CONTENT

# Nothing is read again before the watermark.
STRICT_CONTENT = dataclasses.replace(CONTENT, overlap=timedelta(0))
MOVIE = {
    "content_id": "M1",
    "title": "The Long Wait",
    "genre": ["Drama", "Thriller"],
    "duration_minutes": 104,
    "release_year": 2019,
    "rating": 7.5,
    "views_count": 12_345,
    "production_budget": 2_500_000,
}
SERIES = {
    "content_id": "S1",
    "title": "Harbour",
    "genre": ["Crime"],
    "seasons": 2,
    "episodes_per_season": [8, 10],
    "avg_episode_duration": 47.5,
    "rating": 8.1,
    "total_views": 99,
    "production_budget": 9_000_000,
}
GENRES, SEASONS = "mongo_content_genres", "mongo_series_seasons"


def movie(content_id="M1", **fields):
    return MOVIE | {"content_id": content_id} | fields


def show(content_id="S1", **fields):
    return SERIES | {"content_id": content_id} | fields


def counts(load):
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def live(rows):
    return {key: row for key, row in rows.items() if row["_deleted_at"] is None}


def genres(pipeline, content_id="M1"):
    """Return the living genres of a title in their order."""
    rows = sorted(live(pipeline.raw(GENRES)).items())
    return [row["genre"] for (key, _), row in rows if key == content_id]


def values(row):
    return {name: value for name, value in row.items() if not name.startswith("_")}


def write_past_the_validator(pipeline, document, now=None):
    """Write as an application with more rights does, stamped as the product stamps."""
    now = now or pipeline.product.command("hello")["localTime"]
    document = {"content_type": "movie", "created_at": now, "updated_at": now} | document
    pipeline.product.content.insert_one(document, bypass_document_validation=True)
    return document["_id"]


def change(pipeline, content_id, **fields):
    """Change a document by hand as the product does."""
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_one(
        {"content_id": content_id}, {"$set": fields | {"updated_at": now}}, bypass_document_validation=True
    )


# What a load brings.


def test_documents_become_rows_of_their_kind(pipeline):
    pipeline.seed_content([movie()], [show()])
    loads = pipeline.extract_content()
    assert {table: counts(load) for table, load in loads.items()} == {
        "mongo_movies": {"read": 1, "inserted": 1},
        "mongo_series": {"read": 1, "inserted": 1},
        GENRES: {"read": 3, "inserted": 3},
        SEASONS: {"read": 2, "inserted": 2},
    }
    assert values(pipeline.raw("mongo_movies")["M1"]) == {
        "content_id": "M1",
        "title": "The Long Wait",
        "duration_minutes": 104,
        "release_year": 2019,
        "rating": Decimal("7.5"),
        "views_count": 12_345,
        "production_budget": 2_500_000,
    }
    assert values(pipeline.raw("mongo_series")["S1"]) == {
        "content_id": "S1",
        "title": "Harbour",
        "seasons": 2,
        "avg_episode_duration": Decimal("47.5"),
        "rating": Decimal("8.1"),
        "total_views": 99,
        "production_budget": 9_000_000,
    }
    assert {key: row["genre"] for key, row in pipeline.raw(GENRES).items()} == {
        ("M1", 1): "Drama",
        ("M1", 2): "Thriller",
        ("S1", 1): "Crime",
    }
    assert {key: row["episodes"] for key, row in pipeline.raw(SEASONS).items()} == {
        ("S1", 1): 8,
        ("S1", 2): 10,
    }


def test_rows_carry_batch_day_and_the_stamp_of_the_source(pipeline):
    pipeline.seed_content([movie()], [show()])
    loads = pipeline.extract_content()
    stamp = {key: doc["updated_at"].replace(tzinfo=UTC) for key, doc in pipeline.documents().items()}
    rows = [row for table in loads for row in pipeline.raw(table).values()]
    assert len(rows) == 7
    for row in rows:
        assert (row["_batch_id"], row["_as_of"], row["_deleted_at"]) == ("run 1", date(2024, 9, 1), None)
        assert row["_loaded_at"] == loads["mongo_movies"].started_at
        assert row["_source_updated_at"] == stamp[row["content_id"]]


def test_loads_are_recorded_and_the_watermark_is_the_servers_clock(pipeline):
    pipeline.seed_content([movie()], [show()])
    before = pipeline.product.command("hello")["localTime"].replace(tzinfo=UTC)
    loads = pipeline.extract_content()
    after = pipeline.product.command("hello")["localTime"].replace(tzinfo=UTC)
    runs = {row["table_name"]: row for row in pipeline.load_runs() if row["stage"] == "extract"}
    assert runs.keys() == loads.keys()
    for table, load in loads.items():
        assert runs[table]["rows_read"] == load.read > 0
        assert runs[table]["rows_inserted"] == load.inserted == load.read
    (watermark,) = pipeline.warehouse("select * from ops.watermarks")
    assert (watermark["table_name"], watermark["batch_id"]) == ("mongo_content", "run 1")
    assert before <= watermark["watermark"] <= after
    assert {row["watermark"] for row in runs.values()} == {watermark["watermark"]}


def test_whole_document_is_kept(pipeline):
    extra = {"cast": [{"name": "Zoë", "born": 1980}], "tags": [], "flags": {"new": True, "old": None}}
    pipeline.seed_content([movie(**extra)])
    pipeline.extract_content()
    document = pipeline.raw("mongo_movies")["M1"]["_document"]
    stored = pipeline.documents()["M1"]
    assert {name: document[name] for name in movie(**extra)} == movie(**extra)
    assert document["_id"] == {"$oid": str(stored["_id"])}
    assert document["content_type"] == "movie"
    assert document["updated_at"]["$date"].startswith(stored["updated_at"].date().isoformat())


def test_dates_and_other_bson_inside_a_document_are_kept(pipeline):
    premiere = datetime(2019, 5, 4, 3, 2, 1, 500_000)
    write_past_the_validator(
        pipeline,
        movie(premiere=premiere, old=datetime(1950, 1, 1), blob=b"\x00\xff", ref=ObjectId("0" * 24)),
    )
    pipeline.extract_content()
    document = pipeline.raw("mongo_movies")["M1"]["_document"]
    assert document["premiere"] == {"$date": "2019-05-04T03:02:01.500Z"}
    assert document["old"] == {"$date": {"$numberLong": "-631152000000"}}
    assert document["blob"] == {"$binary": {"base64": "AP8=", "subType": "00"}}
    assert document["ref"] == {"$oid": "0" * 24}


def test_nothing_changed_nothing_stamped(pipeline):
    pipeline.seed_content([movie()], [show()])
    tables = list(pipeline.extract_content())
    before = [pipeline.raw(table) for table in tables]
    again = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"))
    assert {table: counts(load) for table, load in again.items()} == {
        "mongo_movies": {"read": 1, "unchanged": 1},
        "mongo_series": {"read": 1, "unchanged": 1},
        GENRES: {"read": 3, "unchanged": 3},
        SEASONS: {"read": 2, "unchanged": 2},
    }
    assert [pipeline.raw(table) for table in tables] == before
    # Beyond the overlap nothing is even read, and nothing is taken for deleted.
    later = pipeline.extract_content(pipeline.batch("run 3", "2024-09-03"), STRICT_CONTENT)
    assert [counts(load) for load in later.values()] == [{}] * 4
    assert [pipeline.raw(table) for table in tables] == before


def test_touched_document_keeps_its_stamps(pipeline):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    change(pipeline, "M1")
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "unchanged": 1}
    assert (pipeline.raw("mongo_movies"), pipeline.raw(GENRES)) == before


def test_change_of_a_field_without_a_column_is_a_change(pipeline):
    pipeline.seed_content([movie(tags=["a"]), movie("M2")])
    pipeline.extract_content()
    other = pipeline.raw("mongo_movies")["M2"]
    pipeline.seed_content([movie(tags=["b"]), movie("M2")])
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert counts(loads[GENRES]) == {"read": 2, "unchanged": 2}
    row = pipeline.raw("mongo_movies")["M1"]
    assert row["_document"]["tags"] == ["b"]
    assert (row["_batch_id"], row["_as_of"]) == ("run 2", date(2024, 9, 2))
    assert row["_loaded_at"] == loads["mongo_movies"].started_at
    assert pipeline.raw("mongo_movies")["M2"] == other


def test_empty_collection_loads_nothing(pipeline):
    loads = pipeline.extract_content()
    assert [counts(load) for load in loads.values()] == [{}] * 4
    assert pipeline.raw("mongo_movies") == {}
    pipeline.seed_content([movie()])
    assert counts(pipeline.extract_content()["mongo_movies"]) == {"read": 1, "inserted": 1}


def test_absent_and_null_fields_become_null(pipeline):
    pipeline.seed_content([{"content_id": "M1", "title": "Bare"}], [show(rating=None, genre=None)])
    pipeline.extract_content()
    assert values(pipeline.raw("mongo_movies")["M1"]) == dict.fromkeys(
        values(pipeline.raw("mongo_movies")["M1"])
    ) | {"content_id": "M1", "title": "Bare"}
    assert pipeline.raw("mongo_series")["S1"]["rating"] is None
    assert pipeline.raw(GENRES) == {}


@pytest.mark.parametrize(
    ("stored", "loaded"),
    [
        (7, "7"),
        (Int64(7), "7"),
        (7.0, "7"),
        (7.25, "7.25"),
        (Decimal128("7.250"), "7.25"),
        (Decimal128("7E+1"), "70"),
    ],
)
def test_every_number_of_bson_arrives(pipeline, stored, loaded):
    fields = {"rating": stored, "production_budget": stored}
    write_past_the_validator(pipeline, movie(**fields))
    assert counts(pipeline.extract_content()["mongo_movies"]) == {"read": 1, "inserted": 1}
    row = pipeline.raw("mongo_movies")["M1"]
    assert (row["rating"], row["production_budget"]) == (Decimal(loaded), Decimal(loaded))


@pytest.mark.parametrize("stored", [2019, Int64(2019), 2019.0, Decimal128("2019"), Decimal128("2019.0")])
def test_whole_number_may_have_any_type(pipeline, stored):
    write_past_the_validator(pipeline, movie(release_year=stored, views_count=stored))
    pipeline.extract_content()
    row = pipeline.raw("mongo_movies")["M1"]
    assert (row["release_year"], row["views_count"]) == (2019, 2019)


def test_largest_numbers_arrive(pipeline):
    pipeline.seed_content([movie(views_count=2**63 - 1, production_budget=10**15)])
    pipeline.extract_content()
    row = pipeline.raw("mongo_movies")["M1"]
    assert (row["views_count"], row["production_budget"]) == (2**63 - 1, 10**15)


def test_text_arrives_as_it_is(pipeline):
    texts = [
        "tab\tline\nreturn\rback\\slash",
        "\\N",
        "\\.",
        "\\t \\\\ \\",
        "\b\f\v\x01\x7f",
        "名前 🎬 \u202e \u2028 \u0085",
        "'); drop table raw.mongo_movies; --",
        '{"$oid": "x"}',
        "x" * 1_000_000,
    ]
    pipeline.seed_content([movie(f"M{n}", title=text, genre=[text]) for n, text in enumerate(texts)])
    assert pipeline.extract_content()["mongo_movies"].inserted == len(texts)
    rows, children = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    for number, text in enumerate(texts):
        assert rows[f"M{number}"]["title"] == text
        assert rows[f"M{number}"]["_document"]["title"] == text
        assert children[f"M{number}", 1]["genre"] == text


def test_key_with_special_characters_finds_its_row_again(pipeline):
    key = "a\tb\\N 名"
    pipeline.seed_content([movie(key)])
    pipeline.extract_content()
    assert counts(pipeline.extract_content(pipeline.batch("run 2"))["mongo_movies"]) == {
        "read": 1,
        "unchanged": 1,
    }
    assert list(live(pipeline.raw("mongo_movies"))) == [key]
    assert genres(pipeline, key) == ["Drama", "Thriller"]


def test_many_documents_come_in_several_batches(pipeline):
    pipeline.seed_content([movie(f"M{n:04d}", views_count=n, more="x" * 20_000) for n in range(1_200)])
    load = pipeline.extract_content()["mongo_movies"]
    assert counts(load) == {"read": 1_200, "inserted": 1_200}
    (done,) = pipeline.warehouse(
        "select count(*) as n, sum(views_count)::int as views,"
        " sum(length(_document->>'more'))::int as letters from raw.mongo_movies"
    )
    assert done == {"n": 1_200, "views": sum(range(1_200)), "letters": 1_200 * 20_000}


# Arrays.


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


# What goes, and what becomes another.


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


# Documents that cannot be loaded.


@pytest.mark.parametrize(
    ("fields", "path", "value", "reason"),
    [
        ({"rating": "high"}, "rating", "high", "is not a number but text"),
        ({"rating": -1}, "rating", "-1", "is below 0"),
        ({"rating": float("nan")}, "rating", "nan", "is not a number"),
        ({"rating": Decimal128("NaN")}, "rating", "NaN", "is not a number"),
        ({"rating": Decimal128("Infinity")}, "rating", "Infinity", "is not a number"),
        ({"title": None}, "title", None, "is missing"),
        ({"title": 5}, "title", "5", "is not text but "),
        ({"title": "a\0b"}, "title", "a\\0b", "holds a NUL character"),
        ({"views_count": 1.5}, "views_count", "1.5", "is not a whole number"),
        (
            {"views_count": datetime(2020, 1, 1)},
            "views_count",
            "2020-01-01 00:00:00",
            "is not a whole number",
        ),
        ({"genre": "Drama"}, "genre", "Drama", "is not a list but text"),
        ({"genre": ["Drama", 5]}, "genre[1]", "5", "is not text but "),
        ({"genre": ["Drama", ["Crime"]]}, "genre[1]", "['Crime']", "is not text but a list"),
        ({"more": {"deep": ["a\0b"]}}, None, None, "holds a NUL character"),
        ({"updated_at": "yesterday"}, "updated_at", "yesterday", "is not a date"),
        ({"updated_at": 20240901}, "updated_at", "20240901", "is not a date"),
    ],
)
def test_wrong_document_is_set_aside_and_the_rest_loads(pipeline, fields, path, value, reason):
    pipeline.seed_content([movie()], [show()])
    pipeline.extract_content()
    id_ = write_past_the_validator(pipeline, movie("M2") | fields)
    pipeline.product.content.delete_one({"content_id": "M1"})
    pipeline.product.content.insert_one(
        movie("M3", content_type="movie", updated_at=pipeline.product.command("hello")["localTime"])
    )
    loads = pipeline.extract_content(pipeline.batch("run 2", "2024-09-02"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 2, "inserted": 1, "quarantined": 1, "deleted": 1}
    assert list(live(pipeline.raw("mongo_movies"))) == ["M3"]
    assert genres(pipeline, "M2") == []
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"]) == (str(id_), path)
    assert value is None or row["value"] == value
    assert row["reason"].startswith(reason)
    assert json.loads(row["row_text"])["content_id"] == "M2"
    assert (row["source_name"], row["stage"], row["batch_id"]) == ("mongo_content", "extract", "run 2")
    (run,) = [
        r for r in pipeline.load_runs() if r["batch_id"] == "run 2" and r["table_name"] == "mongo_movies"
    ]
    assert (run["rows_read"], run["rows_loaded"], run["rows_quarantined"]) == (2, 1, 1)


def test_document_that_turns_wrong_keeps_what_was_loaded(pipeline):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies"), pipeline.raw(GENRES)
    change(pipeline, "M1", rating="high", genre=[1])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "quarantined": 1}
    assert counts(loads[GENRES]) == {}
    assert (pipeline.raw("mongo_movies"), pipeline.raw(GENRES)) == before
    # Mended, it loads.
    change(pipeline, "M1", rating=3, genre=["Drama"])
    loads = pipeline.extract_content(pipeline.batch("run 3"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert genres(pipeline) == ["Drama"]


@pytest.mark.parametrize("kind", ["game", None, 5, ["movie"], {"is": "movie"}, "a\0b"])
def test_document_of_an_unknown_kind_is_counted(pipeline, kind):
    pipeline.seed_content([movie()])
    id_ = write_past_the_validator(pipeline, movie("G1", content_type=kind))
    loads = pipeline.extract_content()
    assert counts(loads["mongo_content"]) == {"read": 1, "quarantined": 1}
    assert counts(loads["mongo_movies"]) == {"read": 1, "inserted": 1}
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"]) == (str(id_), "content_type")
    assert row["value"] == str(kind).replace("\0", "\\0")
    assert row["reason"] == "is no kind of document that is known"
    assert "mongo_content" in {run["table_name"] for run in pipeline.load_runs() if run["stage"] == "extract"}
    assert "mongo_content" not in pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)


@pytest.mark.parametrize("key", [None, 5, "", "a\0b", ["M9"], {"id": 1}])
def test_document_with_a_wrong_key_does_not_stop_the_load(pipeline, key):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    write_past_the_validator(pipeline, movie(key))
    for number in (2, 3):
        loads = pipeline.extract_content(pipeline.batch(f"run {number}"))
        assert counts(loads["mongo_movies"]) == {"read": 2, "unchanged": 1, "quarantined": 1}
    assert list(live(pipeline.raw("mongo_movies"))) == ["M1"]
    assert {row["column_name"] for row in pipeline.quarantine()} == {"content_id"}


@pytest.mark.parametrize("id_", ["a\0b", 5, {"a": 1}])
def test_id_of_any_type_is_named(pipeline, id_):
    write_past_the_validator(pipeline, movie(rating="high", _id=id_))
    pipeline.extract_content()
    assert [row["position"] for row in pipeline.quarantine()] == [str(id_).replace("\0", "\\0")]


def test_repeated_load_of_a_batch_forgets_no_rejection(pipeline):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    write_past_the_validator(pipeline, movie("M2", rating="high"))
    for _ in range(3):
        pipeline.extract_content(pipeline.batch("run 2"))
    assert len(pipeline.quarantine()) == 1
    # The watermark has moved on: the document is not read again, but it is still not loaded.
    pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert [row["reason"] for row in pipeline.quarantine()] == ["is not a number but text"]


@pytest.mark.parametrize("stamp", [None, "absent"])
def test_document_without_a_stamp_is_loaded_and_kept_up_to_date(pipeline, stamp):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    document = movie("M2", content_type="movie") | ({"updated_at": None} if stamp is None else {})
    pipeline.product.content.insert_one(document)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "inserted": 1}
    assert pipeline.raw("mongo_movies")["M2"]["_source_updated_at"] is None
    pipeline.product.content.update_one({"content_id": "M2"}, {"$set": {"rating": 1}})
    loads = pipeline.extract_content(pipeline.batch("run 3"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    assert pipeline.raw("mongo_movies")["M2"]["rating"] == 1


# Watermark and overlap.


def test_document_stamped_a_little_before_the_watermark_is_found(pipeline):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    # Its transaction began before that load and committed after it.
    a_minute_ago = pipeline.product.command("hello")["localTime"] - timedelta(minutes=1)
    write_past_the_validator(pipeline, movie("M2"), a_minute_ago)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {}
    loads = pipeline.extract_content(pipeline.batch("run 3"))
    assert loads["mongo_movies"].inserted == 1
    assert sorted(live(pipeline.raw("mongo_movies"))) == ["M1", "M2"]


def test_only_what_changed_since_the_watermark_is_read(pipeline):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    pipeline.seed_content([movie(), movie("M2", rating=1)], [show()])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert {table: load.read for table, load in loads.items()} == {
        "mongo_movies": 1,
        "mongo_series": 0,
        GENRES: 2,
        SEASONS: 0,
    }


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_zone_of_the_warehouse_does_not_matter(pipeline, zone):
    with pipeline.loader.cursor() as cursor:
        cursor.execute("set time zone %s", (zone,))
    pipeline.loader.commit()
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    now = pipeline.product.command("hello")["localTime"].replace(tzinfo=UTC)
    (row,) = pipeline.warehouse("select watermark from ops.watermarks")
    assert timedelta(0) <= now - row["watermark"] < timedelta(minutes=1)
    change(pipeline, "M1", rating=1)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    updated_at = pipeline.documents()["M1"]["updated_at"].replace(tzinfo=UTC)
    assert pipeline.raw("mongo_movies")["M1"]["_source_updated_at"] == updated_at


def test_document_that_moves_while_it_is_read_counts_as_it_is_last(pipeline, monkeypatch):
    pipeline.seed_content([movie(genre=["a", "b", "c"])])
    collection = type(pipeline.catalogue.content)
    find = collection.find_raw_batches
    earlier = list(find(pipeline.catalogue.content, {}))
    change(pipeline, "M1", genre=["d"], rating=1)
    monkeypatch.setattr(collection, "find_raw_batches", lambda *query: [*find(*query), *earlier])
    loads = pipeline.extract_content()
    assert counts(loads["mongo_movies"]) == counts(loads[GENRES]) == {"read": 1, "inserted": 1}
    assert pipeline.raw("mongo_movies")["M1"]["rating"] == 1
    assert genres(pipeline) == ["d"]


# Failures and company.


def test_crash_before_the_commit_leaves_rows_and_watermark(pipeline, killed):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    pipeline.seed_content([movie(rating=1), movie("M3")], [show(genre=[])])
    write_past_the_validator(pipeline, movie("M4", rating="high"))
    before = pipeline.state()
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert pipeline.state() == before
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    expected = {"read": 3, "inserted": 1, "updated": 1, "quarantined": 1, "deleted": 1}
    assert counts(loads["mongo_movies"]) == expected
    assert genres(pipeline, "S1") == []
    assert len(pipeline.quarantine()) == 1


def test_source_that_fails_in_mid_stream_leaves_raw(pipeline, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    pipeline.seed_content([movie(rating=1), movie("M3")])
    before = pipeline.state()
    real = type(pipeline.catalogue.content).find_raw_batches

    def break_off(collection, *arguments):
        yield from real(collection, *arguments)
        raise ConnectionError("the network is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(pipeline.catalogue.content), "find_raw_batches", break_off)
        with pytest.raises(ConnectionError, match="the network is gone"):
            pipeline.extract_content(pipeline.batch("run 2"))
    assert pipeline.state() == before
    assert pipeline.extract_content(pipeline.batch("run 2"))["mongo_movies"].inserted == 1


def test_two_loads_of_the_collection_follow_one_another(pipeline, monkeypatch, eventually, in_background):
    pipeline.seed_content([movie(), movie("M2")])
    first_has_written, first_may_commit = threading.Event(), threading.Event()

    def record_slowly(warehouse, load, batch):
        if batch.batch_id == "first":
            first_has_written.set()
            assert first_may_commit.wait(10)
        record_load(warehouse, load, batch)

    def extract(name):
        catalogue, loader = pipeline.platform.mongo("elt_reader"), pipeline.platform.connect("elt_loader")
        loads = load_collection(catalogue, loader, CONTENT, Run(pipeline.batch(name)))
        return {load.table: load for load in loads}

    waiting = (
        "select 1 from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    monkeypatch.setattr("include.extract_load.loading.record_load", record_slowly)
    first = in_background(extract, "first")
    assert first_has_written.wait(10)
    change(pipeline, "M2", rating=1)
    second = in_background(extract, "second")
    eventually(lambda: pipeline.warehouse(waiting))
    first_may_commit.set()
    first, second = first.result(10), second.result(10)
    assert counts(first["mongo_movies"]) == {"read": 2, "inserted": 2}
    assert counts(second["mongo_movies"]) == {"read": 2, "updated": 1, "unchanged": 1}
    rows = pipeline.raw("mongo_movies")
    assert [rows[key]["_batch_id"] for key in ("M1", "M2")] == ["first", "second"]
