"""The tables of both databases: made once, never dropped, with the rules that the source keeps itself."""

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from include import tables
from include.schema import ddl
from include.schema.ddl import create_source_tables, create_warehouse_tables
from include.schema.mongo import create_collection
from include.specs import Column, PostgresTable
from include.tables import raw_tables
from tests.integration.helpers.looks import SOURCE_TABLES
from tests.product import CONTENT

META = {
    "_batch_id": "text not null",
    "_as_of": "date not null",
    "_loaded_at": "timestamp with time zone not null",
    "_source_updated_at": "timestamp with time zone",
    "_deleted_at": "timestamp with time zone",
}
RAW_COLUMNS = {
    "postgres_users": {
        "user_id": "text not null",
        "age": "integer",
        "country": "text",
        "subscription_type": "text",
        "registration_date": "date",
        "total_watch_time_hours": "numeric",
        "created_at": "timestamp with time zone",
    },
    "postgres_viewing_sessions": {
        "session_id": "text not null",
        "user_id": "text",
        "content_id": "text",
        "watch_date": "date",
        "watch_duration_minutes": "numeric",
        "completion_percentage": "numeric",
        "device_type": "text",
        "quality_level": "text",
        "created_at": "timestamp with time zone",
    },
    "mongo_movies": {
        "content_id": "text not null",
        "title": "text",
        "duration_minutes": "numeric",
        "release_year": "integer",
        "rating": "numeric",
        "views_count": "bigint",
        "production_budget": "numeric",
        "_document": "jsonb not null",
    },
    "mongo_series": {
        "content_id": "text not null",
        "title": "text",
        "seasons": "integer",
        "avg_episode_duration": "numeric",
        "rating": "numeric",
        "total_views": "bigint",
        "production_budget": "numeric",
        "_document": "jsonb not null",
    },
    "mongo_content_genres": {
        "content_id": "text not null",
        "position": "integer not null",
        "genre": "text",
    },
    "mongo_series_seasons": {
        "content_id": "text not null",
        "season_number": "integer not null",
        "episodes": "integer",
    },
}
CATALOGUE = """
    select c.relname, c.relkind, c.oid, a.attname, a.atttypid::regtype::text, a.attnotnull
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where n.nspname in ('public', 'raw', 'ops', 'quarantine') order by c.relname, a.attnum
"""
INSERT = (
    "insert into users (user_id, age, registration_date, total_watch_time_hours) values ('{}', {}, '{}', {})"
)


def test_raw_tables_have_the_types_of_the_design(pipeline):
    rows = pipeline.warehouse(
        "select table_name, column_name, data_type, is_nullable from information_schema.columns"
        " where table_schema = 'raw' and table_name not like 'kafka%' order by table_name, ordinal_position"
    )
    found = {}
    for row in rows:
        definition = row["data_type"] + (" not null" if row["is_nullable"] == "NO" else "")
        found.setdefault(row["table_name"], {})[row["column_name"]] = definition
    assert found == {table: columns | META for table, columns in RAW_COLUMNS.items()}
    assert found.keys() == raw_tables().keys()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("postgres_users", ["user_id"]),
        ("postgres_viewing_sessions", ["session_id"]),
        ("mongo_movies", ["content_id"]),
        ("mongo_series", ["content_id"]),
        ("mongo_content_genres", ["content_id", "position"]),
        ("mongo_series_seasons", ["content_id", "season_number"]),
    ],
)
def test_raw_table_has_its_natural_key(pipeline, table, key):
    rows = pipeline.warehouse(
        "select attname::text from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey)"
        " where indrelid = ('raw.' || %s)::regclass and indisprimary order by attnum",
        table,
    )
    assert [row["attname"] for row in rows] == key


def test_creating_again_changes_nothing(pipeline):
    pipeline.seed_users("U0001,21,Argentina,Basic,2022-10-02,58.0")
    # Which builds the key of raw's table anew.
    pipeline.extract()
    before = [pipeline.source(CATALOGUE), pipeline.warehouse(CATALOGUE)]
    kept = pipeline.state()
    for _ in range(2):
        create_source_tables(pipeline.app)
        create_warehouse_tables(pipeline.loader)
        create_collection(pipeline.product, CONTENT)
    assert [pipeline.source(CATALOGUE), pipeline.warehouse(CATALOGUE)] == before
    assert pipeline.state() == kept
    assert len(kept["raw.postgres_users"]) == 1


def test_indexes_of_earlier_versions_make_way(own_pipeline):
    pipeline = own_pipeline
    indexes = (
        "select indexname, tablename from pg_indexes"
        " where schemaname = 'raw' and tablename not like 'kafka%' order by 1"
    )
    before = pipeline.warehouse(indexes)
    pipeline.warehouse("delete from ops.migrations")
    for table in raw_tables():
        pipeline.warehouse(f"create index {table}__loaded_at on raw.{table} (_loaded_at)")
        pipeline.warehouse(f"create index {table}__loaded_at_brin on raw.{table} using brin (_loaded_at)")
        pipeline.warehouse(f"drop index raw.{table}__loaded_at_utc")
    create_warehouse_tables(pipeline.loader)
    assert pipeline.warehouse(indexes) == before
    assert len(before) == 2 * len(raw_tables())


def test_view_of_dbt_on_raw_survives_creation_and_load(own_pipeline):
    platform, pipeline = own_pipeline.platform, own_pipeline
    platform.query(
        "dbt_transformer",
        "create view staging.stg_users as select user_id, age from raw.postgres_users"
        " where _deleted_at is null",
    )
    pipeline.seed_users("U0001,21,Argentina,Basic,2022-10-02,58.0", "U0002,35,Brazil,Premium,2023-01-15,1")
    pipeline.extract()
    create_warehouse_tables(pipeline.loader)
    pipeline.seed_users("U0001,22,Argentina,Basic,2022-10-02,58.0")
    pipeline.extract(batch=pipeline.batch("run 2"))
    assert platform.query("dbt_transformer", "select * from staging.stg_users") == [("U0001", 22)]


def test_several_runs_may_create_at_once(own_pipeline):
    platform = own_pipeline.platform
    own_pipeline.source(f"drop table {', '.join(SOURCE_TABLES)}")
    own_pipeline.warehouse("drop schema raw cascade; drop schema ops cascade; drop schema quarantine cascade")
    for schema in ("raw", "ops", "quarantine"):
        platform.query("admin", f"create schema {schema} authorization elt_loader")
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(create_source_tables, platform.connect("app")) for _ in range(4)]
        done += [pool.submit(create_warehouse_tables, platform.connect("elt_loader")) for _ in range(4)]
        assert [future.result(20) for future in done] == [None] * 8
    tables = own_pipeline.source("select relname from pg_class where relkind = 'r' and relnamespace = 2200")
    assert {row["relname"] for row in tables} == {"users", "viewing_sessions", "seed_state"}
    assert own_pipeline.raw() == {}


@pytest.mark.parametrize(
    "values",
    [
        ("U1", -1, "2022-10-02", 1),
        ("U1", 131, "2022-10-02", 1),
        ("U1", 21, "1899-12-31", 1),
        ("U1", 21, "2101-01-01", 1),
        ("U1", 21, "2022-10-02", -0.1),
        ("U1", 21, "2022-10-02", "'NaN'"),
    ],
)
def test_source_refuses_what_a_file_may_not_bring(pipeline, values):
    with pytest.raises(psycopg2.errors.CheckViolation):
        pipeline.source(INSERT.format(*values))
    assert pipeline.source_users() == {}


def test_source_refuses_a_second_row_of_a_key_and_a_missing_date(pipeline):
    pipeline.source(INSERT.format("U1", 21, "2022-10-02", 1))
    with pytest.raises(psycopg2.errors.UniqueViolation):
        pipeline.source(INSERT.format("U1", 22, "2022-10-02", 1))
    with pytest.raises(psycopg2.errors.NotNullViolation):
        pipeline.source("insert into users (user_id) values ('U2')")
    assert list(pipeline.source_users()) == ["U1"]


def test_only_a_real_change_moves_updated_at(pipeline):
    pipeline.source(INSERT.format("U1", 21, "2022-10-02", 1))
    first = pipeline.source_users()["U1"]["updated_at"]
    pipeline.source("update users set age = 21")
    assert pipeline.source_users()["U1"]["updated_at"] == first
    pipeline.source("update users set age = 22")
    moved = pipeline.source_users()["U1"]["updated_at"]
    assert moved > first
    # Nobody writes a stamp of their own, in the past or in the future.
    for stamp in ("2001-01-01", "2099-01-01"):
        pipeline.source("update users set updated_at = %s", stamp)
        assert moved < pipeline.source_users()["U1"]["updated_at"] < pipeline.source("select now()")[0]["now"]


def test_load_log_refuses_numbers_that_do_not_add_up(pipeline):
    with pytest.raises(psycopg2.errors.CheckViolation):
        pipeline.warehouse(
            "insert into ops.load_runs (batch_id, as_of, stage, table_name, started_at, seconds, rows_read,"
            " rows_inserted, rows_updated, rows_unchanged, rows_quarantined, rows_deleted)"
            " values ('b', '2024-09-01', 'seed', 'users', now(), 1, 10, 3, 3, 3, 0, 0)"
        )
    assert pipeline.load_runs() == []


def test_new_entry_of_the_list_goes_all_the_way(own_pipeline, monkeypatch):
    pipeline = own_pipeline
    columns = (
        Column("rating_id", "text", required=True),
        Column("stars", "integer"),
        Column("likes", "bigint"),
    )
    columns = (*columns, Column("created_at", "timestamptz"))
    ratings = PostgresTable(name="ratings", file="ratings.csv", key=("rating_id",), columns=columns)
    monkeypatch.setattr(ddl, "PLAYED_TABLES", (*tables.PLAYED_TABLES, ratings))
    monkeypatch.setattr(tables, "SOURCES", (*tables.SOURCES, ratings))
    create_source_tables(pipeline.app)
    create_warehouse_tables(pipeline.loader)
    # Where the list names no bounds, those of the type hold.
    lines = ["R1,5,", f"R2,{2**31},", f"R3,,{10**17}", "R4,,99999999999999999999"]
    pipeline.write_csv(ratings, lines, "rating_id,stars,likes")
    assert (pipeline.seed(ratings).inserted, pipeline.extract(ratings).inserted) == (2, 2)
    rows = pipeline.raw("postgres_ratings")
    assert {key: (row["stars"], row["likes"]) for key, row in rows.items()} == {
        "R1": (5, None),
        "R3": (None, 10**17),
    }
    assert [(row["position"], row["reason"]) for row in pipeline.quarantine()] == [
        ("3", f"is above {2**31 - 1}"),
        ("5", "is not a whole number"),
    ]
