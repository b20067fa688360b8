"""The first load goes straight into raw, and leaves its indexes as they were."""

from collections.abc import Callable
from datetime import date

import psycopg2
import pytest

from include.extract_load import postgres
from tests.integration.extract_load.postgres.broken_stream import replace_users_by_a_view
from tests.integration.extract_load.postgres.users import (
    MANY,
    STRICT_USERS,
    assert_raw_is_the_source,
    stamps,
)
from tests.integration.helpers.loads import counts
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN


@pytest.fixture
def index_of_raw(pipeline: Pipeline) -> Callable[[], list[dict]]:
    """Return a function that tells which indexes raw.postgres_users has, and whether they work."""

    def index_of_raw():
        return pipeline.warehouse(
            "select indexrelid::regclass::text as name, indrelid, indisvalid, indisprimary from pg_index"
            " where indrelid = 'raw.postgres_users'::regclass order by 1"
        )

    return index_of_raw


def test_first_load_stamps_every_row_and_leaves_the_indexes(pipeline, index_of_raw):
    before = index_of_raw()
    pipeline.source(MANY, 3)
    load = pipeline.extract()
    assert counts(load) == {"read": 3, "inserted": 3}
    raw = assert_raw_is_the_source(pipeline)
    assert len(raw) == 3
    for key, row in raw.items():
        assert stamps(row) == {
            "_batch_id": "run 1",
            "_as_of": date(2024, 9, 1),
            "_loaded_at": load.started_at,
            "_deleted_at": None,
        }
        assert row["_source_updated_at"] == pipeline.source_users()[key]["updated_at"]
    assert index_of_raw() == before
    assert [index["name"] for index in before] == [
        "raw.postgres_users__loaded_at_utc",
        "raw.postgres_users_pkey",
    ]


@pytest.mark.parametrize("is_read", [True, False], ids=["somebody reads raw", "nobody does"])
def test_first_load_waits_for_no_reader_and_leaves_no_default(pipeline, is_read, in_background):
    pipeline.seed_users(ANA, BEN)
    with pipeline.admin.cursor() as reader:
        if is_read:
            reader.execute("begin; select * from raw.postgres_users")
        load = in_background(pipeline.extract).result(20)
        reader.execute("rollback")
    assert {row["_loaded_at"] for row in pipeline.raw().values()} == {load.started_at}
    defaults = "select count(*) as found from pg_attrdef where adrelid = 'raw.postgres_users'::regclass"
    assert pipeline.warehouse(defaults) == [{"found": 0}]


def test_first_load_leaves_the_key_to_a_view_that_depends_on_it(pipeline):
    pipeline.seed_users(ANA, BEN)
    with pipeline.admin.cursor() as owner:
        owner.execute("create view raw.by_key as select u.* from raw.postgres_users as u group by user_id")
        load = pipeline.extract()
        owner.execute("select count(*) from raw.by_key")
        found = owner.fetchall()
        owner.execute("drop view raw.by_key")
    assert [list(row) for row in found] == [[2]]
    assert counts(load) == {"read": 2, "inserted": 2}
    assert {row["_loaded_at"] for row in pipeline.raw().values()} == {load.started_at}


def test_batch_id_arrives_as_it_is(pipeline):
    pipeline.seed_users(ANA)
    name = "manual__2024-09-01T00:00:00+00:00 'quoted' \\N %s {} 名前"
    pipeline.extract(batch=pipeline.batch(name))
    assert pipeline.raw()["U0001"]["_batch_id"] == name


def test_first_load_goes_straight_into_raw(pipeline, monkeypatch, ship_keys):
    def stage(*_):
        raise AssertionError("a temporary table was filled")

    pipeline.seed_users(ANA, BEN)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "stage", stage)
        assert counts(pipeline.extract()) == {"read": 2, "inserted": 2}
        with pytest.raises(AssertionError, match="temporary table"):
            pipeline.extract(batch=pipeline.batch("run 2"))
    assert ship_keys == []


def test_first_load_that_is_killed_leaves_nothing(pipeline, killed, index_of_raw):
    pipeline.seed_users(ANA, BEN)
    before, indexes = pipeline.state(), index_of_raw()
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract()
    assert (pipeline.state(), index_of_raw()) == (before, indexes)
    assert pipeline.raw() == {}
    assert counts(pipeline.extract()) == {"read": 2, "inserted": 2}


def test_error_in_mid_stream_of_the_first_load_leaves_nothing(own_pipeline, in_background):
    pipeline = own_pipeline
    before = pipeline.state()
    replace_users_by_a_view(pipeline, "1 / (n - 29000)")
    with pytest.raises(psycopg2.errors.DivisionByZero, match="division by zero"):
        in_background(pipeline.extract).result(20)
    pipeline.source("drop view users")
    pipeline.source("alter table users_table rename to users")
    assert pipeline.state() == before
    pipeline.seed_users(ANA)
    assert counts(pipeline.extract()) == {"read": 1, "inserted": 1}


def test_raw_that_was_emptied_by_hand_is_filled_again(pipeline):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    pipeline.warehouse("delete from raw.postgres_users")
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
    assert counts(load) == {"read": 3, "inserted": 3}
    assert_raw_is_the_source(pipeline)
