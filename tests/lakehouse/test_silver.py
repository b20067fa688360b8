"""Silver is raw as Delta tables: current rows, deletions, new columns; what does not fit is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError
from pyarrow.parquet import read_schema

from include.errors import DataQualityError, SchemaDriftError
from include.tables import raw_tables
from lakehouse import silver
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, CAT, movie
from tests.lakehouse.conftest import SESSION, Follower, extract

USERS = "silver.postgres_users"


def test_silver_equals_raw_after_changes_deletions_and_returns(follower: Follower, pipeline: Pipeline):
    follower.load()
    assert follower.is_equal_to_raw()
    pipeline.seed_users(ANA.replace("21", "22"), BEN)
    pipeline.seed_sessions(*(SESSION.format(number, number % 27 + 1) for number in range(3, 33)))
    pipeline.seed_content([movie(genre=["Comedy"]), movie("M2")])
    extract(pipeline)
    follower.load()
    assert follower.is_equal_to_raw()
    assert [row["_deleted_at"] is None for row in follower.rows(USERS)] == [True, True, False]
    pipeline.seed_users(ANA, BEN, "U0003,48,Chile,Standard,2021-06-30,9")
    extract(pipeline)
    follower.load()
    assert follower.is_equal_to_raw()


def test_a_change_replaces_the_row_of_its_key(follower: Follower, pipeline: Pipeline):
    follower.load()
    pipeline.seed_users(ANA.replace("21", "22"), BEN, CAT)
    extract(pipeline)
    follower.load()
    ages = [(row["user_id"], row["age"]) for row in follower.rows(USERS)]
    assert ages == [("U0001", 22), ("U0002", 35), ("U0003", 48)]


def test_files_of_a_merge_have_the_types_that_every_reader_knows(follower: Follower):
    follower.load()
    files = follower.lake.open(USERS).file_uris()
    types = {str(type_) for path in files for type_ in read_schema(path.removeprefix("file://")).types}
    # deltalake 1.6 writes string_view after a MERGE: Sail and PyArrow's datasets refuse that.
    assert types == {"string", "int32", "date32[day]", "decimal128(38, 18)", "timestamp[us, tz=UTC]"}


def test_several_landings_are_merged_at_once(follower: Follower, pipeline: Pipeline):
    for age in (22, 23, 24):
        pipeline.seed_users(ANA.replace("21", str(age)), BEN)
        extract(pipeline)
        follower.land()
    silver.merge(follower.lake)
    assert follower.is_equal_to_raw()


def test_a_merge_that_is_repeated_writes_nothing(follower: Follower):
    follower.load()
    version = follower.lake.open(USERS).version()
    assert {(one.inserted, one.updated) for one in silver.merge(follower.lake)} == {(0, 0)}
    assert follower.lake.open(USERS).version() == version


def test_of_two_merges_at_once_each_row_comes_from_one(follower: Follower, monkeypatch: pytest.MonkeyPatch):
    follower.land()
    stamp, both_have_read = silver.newest_stamp, threading.Barrier(2, timeout=20)
    waits = threading.local()

    def stamp_together(*arguments: object) -> int:
        found = stamp(*arguments)
        if not getattr(waits, "done", False):
            waits.done = True
            both_have_read.wait()
        return found

    table = raw_tables()["postgres_users"]
    monkeypatch.setattr(silver, "newest_stamp", stamp_together)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: silver.merge_table(follower.lake, table), range(2)))
    assert sorted(one.inserted for one in done) == [0, 3]
    assert follower.rows(USERS) == follower.raw("postgres_users")


def test_a_column_that_raw_has_anew_is_added(follower: Follower):
    follower.load()
    follower.platform.query("elt_loader", "alter table raw.postgres_users add column points integer")
    change = (
        "update raw.postgres_users set points = 7, _loaded_at = clock_timestamp() where user_id = 'U0002'"
    )
    follower.platform.query("elt_loader", change)
    follower.load()
    assert [row["points"] for row in follower.rows(USERS)] == [None, 7, None]
    assert follower.is_equal_to_raw()


def test_another_type_is_refused_and_nothing_is_written(follower: Follower):
    follower.load()
    before = {name: follower.lake.open(name).version() for name in follower.lake.tables()}
    for statement in (
        "alter table raw.postgres_users alter column age type bigint",
        "update raw.postgres_users set age = 5000000000, _loaded_at = clock_timestamp()",
    ):
        follower.platform.query("elt_loader", statement)
    with pytest.raises(
        SchemaDriftError, match=r"bronze\.postgres_users\.age is int32, and what comes is int64"
    ):
        follower.load()
    assert {name: follower.lake.open(name).version() for name in follower.lake.tables()} == before


def test_delta_refuses_what_others_write_beyond_a_bound_or_of_another_type(follower: Follower):
    follower.load()
    table = follower.lake.open(USERS)
    good = table.to_pyarrow_table().slice(0, 1)

    def with_value(name: str, value: object) -> pa.Table:
        field = good.schema.field(name)
        return good.set_column(good.schema.get_field_index(name), field, pa.array([value], field.type))

    for name, value in (("age", -1), ("age", 131), ("country", "x" * 1001), ("registration_date", None)):
        with pytest.raises(DeltaError, match="failed validation check"):
            write_deltalake(follower.lake.open(USERS), with_value(name, value), mode="append")
    with pytest.raises(DeltaError, match="failed validation check"):
        write_deltalake(
            follower.lake.open(USERS), with_value("total_watch_time_hours", Decimal(-1)), mode="append"
        )
    with pytest.raises(DeltaError, match="non-nullable"):
        write_deltalake(follower.lake.open(USERS), with_value("user_id", None), mode="append")
    texts = good.set_column(1, "age", pa.array(["young"]))
    with pytest.raises(Exception, match="young"):
        write_deltalake(follower.lake.open(USERS), texts, mode="append")
    write_deltalake(follower.lake.open(USERS), with_value("age", None), mode="append")
    assert len(follower.rows(USERS)) == 4


def test_a_bound_that_is_declared_anew_becomes_a_constraint(follower: Follower):
    follower.load()
    users = raw_tables()["postgres_users"]

    def declare(**words: object):
        return replace(
            users, columns=tuple(replace(c, **words) if c.name == "age" else c for c in users.columns)
        )

    silver.merge_table(follower.lake, declare(minimum=21))
    names = follower.lake.open(USERS).metadata().configuration
    assert "delta.constraints.age_minimum_21" in names
    assert "delta.constraints.age_minimum_0" not in names
    # Ana is 21.
    with pytest.raises(DataQualityError, match=r"silver\.postgres_users: rows break a bound") as refused:
        silver.merge_table(follower.lake, declare(minimum=30))
    assert "Argentina" not in str(refused.value)
