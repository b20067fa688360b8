"""Loads that stop themselves, on real servers: what stays as it was, what is kept, and the way out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cli.quarantine import print_quarantine
from include.errors import GuardError, InputError
from include.extract_load import load_collection, load_table
from include.run import Batch, Run
from include.seed import seed_table
from include.settings import Limits
from tests.integration.helpers.pipeline import Pipeline
from tests.product import CONTENT, USERS

ALLOW_DELETION = Limits(deleted_share=1)


def users(number: int, first: int = 1, age: str = "21") -> list[str]:
    return [f"U{n:04d},{age},Chile,Basic,2022-10-02,1" for n in range(first, first + number)]


def movies(number: int, first: int = 1, **fields: object) -> list[dict]:
    film = {"title": "A", "genre": ["Drama"], "duration_minutes": 90, "release_year": 2020}
    film |= {"rating": 7.5, "views_count": 10, "production_budget": 100} | fields
    return [{"content_id": f"M{n:04d}", **film} for n in range(first, first + number)]


def live(pipeline: Pipeline, table: str = "postgres_users") -> int:
    """Return how many rows of raw are not marked as deleted."""
    return sum(row["_deleted_at"] is None for row in pipeline.raw(table).values())


def extracted_users(pipeline: Pipeline, number: int = 100) -> Batch:
    """Load so many users; return the batch of the next load."""
    pipeline.seed_users(*users(number))
    pipeline.extract()
    return pipeline.batch("run 2", "2024-09-02")


# Mass deletion.


def test_emptied_source_does_not_empty_raw(pipeline):
    batch = extracted_users(pipeline)
    pipeline.source("delete from users")
    before = pipeline.state()
    with pytest.raises(GuardError, match=r"raw\.postgres_users: 100 of its 100 live rows would vanish"):
        pipeline.extract(batch=batch)
    assert pipeline.state() == before
    assert live(pipeline) == 100


def test_half_may_go_and_one_more_may_not(pipeline):
    batch = extracted_users(pipeline)
    pipeline.source("delete from users where user_id > 'U0049'")
    with pytest.raises(GuardError, match="51 of its 100 live rows"):
        pipeline.extract(batch=batch)
    pipeline.source(
        "insert into users select * from jsonb_populate_record(null::users, to_jsonb(%s::json)"
        " || jsonb_build_object('created_at', now(), 'updated_at', now()))",
        '{"user_id": "U0050", "registration_date": "2022-10-02"}',
    )
    assert pipeline.extract(batch=batch).deleted == 50
    assert live(pipeline) == 50


def test_rows_that_come_do_not_hide_those_that_go(pipeline):
    batch = extracted_users(pipeline)
    pipeline.seed_users(*users(900, first=1001), batch=batch)
    before = pipeline.state()
    with pytest.raises(GuardError, match="100 of its 100 live rows"):
        pipeline.extract(batch=batch)
    assert pipeline.state() == before


def test_rows_that_return_do_not_hide_those_that_go(pipeline):
    batch = extracted_users(pipeline)
    pipeline.seed_users(*users(100, first=1001))
    load_table(pipeline.reader, pipeline.loader, USERS, Run(batch, ALLOW_DELETION))
    pipeline.seed_users(*users(100))
    with pytest.raises(GuardError, match="100 of its 100 live rows"):
        pipeline.extract(batch=batch)


def test_rows_deleted_before_are_no_live_rows(pipeline):
    batch = extracted_users(pipeline, 200)
    pipeline.source("delete from users where user_id > 'U0100'")
    assert pipeline.extract(batch=batch).deleted == 100
    pipeline.source("delete from users where user_id > 'U0040'")
    with pytest.raises(GuardError, match="60 of its 100 live rows"):
        pipeline.extract(batch=batch)


def test_table_of_fewer_than_a_hundred_rows_may_be_emptied(pipeline):
    batch = extracted_users(pipeline, 99)
    pipeline.source("delete from users")
    assert pipeline.extract(batch=batch).deleted == 99


def test_allowed_deletion_goes_through(pipeline):
    batch = extracted_users(pipeline)
    pipeline.source("delete from users")
    (load,) = load_table(pipeline.reader, pipeline.loader, USERS, Run(batch, ALLOW_DELETION))
    assert load.deleted == 100
    assert live(pipeline) == 0


def test_mended_source_loads_as_if_nothing_had_been(pipeline):
    batch = extracted_users(pipeline)
    pipeline.source("create table kept as table users")
    pipeline.source("delete from users")
    with pytest.raises(GuardError):
        pipeline.extract(batch=batch)
    pipeline.source("insert into users select * from kept")
    pipeline.source("drop table kept")
    load = pipeline.extract(batch=batch)
    assert (load.inserted, load.updated, load.deleted) == (0, 0, 0)


def test_emptied_collection_keeps_documents_and_their_elements(pipeline):
    pipeline.seed_content(movies(100))
    pipeline.extract_content()
    pipeline.product.content.delete_many({})
    before = pipeline.state()
    batch = pipeline.batch("run 2")
    with pytest.raises(GuardError, match=r"raw\.mongo_movies: 100 of its 100 live rows"):
        pipeline.extract_content(batch)
    assert pipeline.state() == before
    loads = load_collection(pipeline.catalogue, pipeline.loader, CONTENT, Run(batch, ALLOW_DELETION))
    assert {load.table: load.deleted for load in loads if load.deleted} == {
        "mongo_movies": 100,
        "mongo_content_genres": 100,
    }


# Rejections.


def test_file_with_too_many_bad_rows_is_not_loaded_and_its_reasons_are_kept(pipeline):
    pipeline.seed_users(*users(3))
    before = pipeline.state()
    with pytest.raises(InputError) as refused:
        pipeline.seed_users(*users(79), *users(18, 101, "old"), *users(3, 201, "-1"))
    for part in (
        "users.csv: 21 of the 100 rows read",
        "18 times: age is not a whole number",
        "make quarantine",
    ):
        assert part in str(refused.value)
    assert pipeline.state() | {"quarantine": []} == before | {"quarantine": []}
    assert len(pipeline.quarantine()) == 21
    assert {row["reason"] for row in pipeline.quarantine()} == {"is not a whole number", "is below 0"}


def test_a_fifth_may_be_bad(pipeline):
    load = pipeline.seed_users(*users(80), *users(20, 101, "old"))
    assert (load.inserted, load.quarantined) == (80, 20)


def test_small_file_may_be_mostly_bad(pipeline):
    load = pipeline.seed_users(*users(1), *users(98, 101, "old"))
    assert (load.inserted, load.quarantined) == (1, 98)


def test_limit_can_be_lifted(pipeline):
    pipeline.write_csv(USERS, [*users(1), *users(99, 101, "old")])
    load = seed_table(
        pipeline.app,
        pipeline.loader,
        USERS,
        Run(pipeline.batch(), Limits(rejected_share=1), str(pipeline.folder)),
    )
    assert (load.inserted, load.quarantined) == (1, 99)


def test_refused_file_that_is_mended_loads(pipeline):
    for _ in range(2):
        with pytest.raises(InputError):
            pipeline.seed_users(*users(70), *users(30, 101, "old"))
    assert len(pipeline.quarantine()) == 30
    assert pipeline.seed_users(*users(100)).inserted == 100
    assert pipeline.quarantine() == []


def test_catalogue_with_too_many_bad_documents_is_not_seeded(pipeline):
    pipeline.seed_content(movies(3))
    before = pipeline.documents()
    with pytest.raises(InputError, match=r"content\.json: 30 of the 100 rows read .* 30 times: rating"):
        pipeline.seed_content([*movies(70), *movies(30, 101, rating="high")])
    assert pipeline.documents() == before
    assert len(before) == 3
    assert len(pipeline.quarantine()) == 30


def write_past_the_validator(pipeline: Pipeline, documents: list[dict]) -> None:
    collection = pipeline.product.get_collection("content")
    collection.insert_many(
        [{"content_type": "movie", **document} for document in documents], bypass_document_validation=True
    )


def test_collection_with_too_many_bad_documents_is_not_loaded_and_its_reasons_are_kept(pipeline):
    pipeline.seed_content(movies(75))
    write_past_the_validator(pipeline, movies(25, 101, rating="high"))
    with pytest.raises(InputError, match=r"mongo_content: 25 of the 100 rows read .* 25 times: rating"):
        pipeline.extract_content()
    assert pipeline.raw("mongo_movies") == {}
    assert pipeline.warehouse("select * from ops.watermarks") == []
    assert [row["stage"] for row in pipeline.quarantine()] == ["extract"] * 25
    pipeline.product.content.delete_many({"rating": "high"})
    assert pipeline.extract_content()["mongo_movies"].inserted == 75


def test_bad_documents_that_every_load_reads_again_stop_the_first_only(pipeline):
    pipeline.seed_content(movies(420))
    write_past_the_validator(pipeline, movies(100, 1001, updated_at="yesterday"))
    pipeline.extract_content()
    # Nothing else changed: without an overlap all that is read is bad, and was known to be.
    strict = replace(CONTENT, overlap=timedelta(0))
    load = pipeline.extract_content(pipeline.batch("run 2"), strict)["mongo_movies"]
    assert (load.read, load.quarantined) == (100, 100)


# What is printed.


def test_quarantine_is_counted_by_reason_and_shown(pipeline, capsys):
    first, second = pipeline.batch("run 1"), pipeline.batch("run 2", "2024-09-02")
    pipeline.seed_users(*users(2), *users(3, 101, "old"), batch=first)
    pipeline.seed_users(*users(2), *users(2), *users(14, 101, "old"), batch=second)
    print_quarantine(pipeline.loader)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line]
    assert lines[:3] == [
        "Rejected in run 2, as of 2024-09-02, the latest batch with rejected rows",
        "14 seed users age is not a whole number",
        "2 seed users user_id repeats the key of another line",
    ]
    sample = lines[lines.index("Some of them") + 1 : -3]
    assert len(sample) == 20
    # Both reasons have their turn.
    assert sample[0] == "users.csv, 4: user_id 'U0001' repeats the key of line 2"
    assert sample[2] == "users.csv, 6: age 'old' is not a whole number"
    assert sample[3] == "U0101,old,Chile,Basic,2022-10-02,1"
    assert lines[-3:] == [
        "Rejected in all batches: a row counts in each that met it",
        "17 seed users age is not a whole number",
        "2 seed users user_id repeats the key of another line",
    ]


def test_empty_quarantine_says_so(pipeline, capsys):
    print_quarantine(pipeline.loader)
    assert (
        capsys.readouterr().out
        == "Nothing is in quarantine: every row that was read was loaded, or left it again.\n"
    )
