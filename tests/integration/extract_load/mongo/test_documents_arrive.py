"""What a load brings: documents become rows of their kind, elements become rows, with values and stamps."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bson import Decimal128, Int64, ObjectId

from tests.integration.extract_load.mongo.catalogue import (
    GENRES,
    SEASONS,
    STRICT_CONTENT,
    change,
    genres,
    values,
    write_past_the_validator,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show


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
        "x" * 1000,
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
