"""A source whose shape changes: what is new is loaded, what is gone stops the load before it writes."""

import logging
from dataclasses import replace
from datetime import timedelta

import psycopg2
import pytest
from bson import Decimal128, Int64, ObjectId
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from include.errors import InputError, SchemaDriftError
from include.extract_load import loading
from include.tables import CONTENT, META_COLUMNS, USERS, Column

ANA = "U0001,21,Argentina,Basic,2022-10-02,58.0"
BEN = "U0002,35,Brazil,Premium,2023-01-15,120.5"
# No second chance by reading a little again.
STRICT_USERS = replace(USERS, overlap=timedelta(0))
STAMPS = {*META_COLUMNS, "updated_at"}


def counts(load):
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def changes(pipeline, *names):
    """Return what was recorded of the sources' shapes, in order."""
    names = names or ("table_name", "column_name", "change", "action")
    rows = pipeline.warehouse("select * from ops.schema_changes order by schema_change_id")
    return [tuple(row[name] for name in names) for row in rows]


def held_types(pipeline):
    rows = pipeline.warehouse(
        "select attname, format_type(atttypid, atttypmod) as type from pg_attribute"
        " where attrelid = 'raw.postgres_users'::regclass and attnum > 0"
    )
    return {row["attname"]: row["type"] for row in rows}


def assert_raw_is_the_source(pipeline):
    """Compare the living rows and every column that both have; raw may miss no column of the source."""
    source = pipeline.source("select * from users order by user_id")
    raw = pipeline.warehouse("select * from raw.postgres_users where _deleted_at is null order by user_id")
    names = [name for name in (source or raw or [{}])[0] if name not in STAMPS]
    assert [[row[name] for name in names] for row in raw] == [[row[name] for name in names] for row in source]


@pytest.fixture
def loaded(own_pipeline):
    """Two users, loaded, on databases of their own."""
    own_pipeline.seed_users(ANA, BEN)
    own_pipeline.extract(STRICT_USERS)
    return own_pipeline


def extract(pipeline, number=2, table=STRICT_USERS):
    return pipeline.extract(table, pipeline.batch(f"run {number}", f"2024-09-0{number}"))


# A column that is new.


def test_new_column_is_added_and_the_table_read_whole_once(loaded, caplog):
    before = loaded.raw()
    # A default moves no updated_at.
    loaded.source("alter table users add column referrer varchar(20) default 'nobody'")
    with caplog.at_level(logging.WARNING):
        load = extract(loaded)
    assert counts(load) == {"read": 2, "updated": 2}
    assert {row["referrer"] for row in loaded.raw().values()} == {"nobody"}
    assert {row["_loaded_at"] for row in loaded.raw().values()} == {load.started_at}
    assert held_types(loaded)["referrer"] == "text"
    assert changes(loaded, "batch_id", "table_name", "column_name", "change", "new_type", "action") == [
        ("run 2", "postgres_users", "referrer", "added", "character varying(20)", "added to raw")
    ]
    assert [message for message in caplog.messages if "referrer" in message] == [
        "postgres_users: referrer (character varying(20)) was added: added to raw"
    ]
    after = loaded.raw()
    assert counts(extract(loaded, 3)) == {}
    assert (loaded.raw(), len(changes(loaded))) == (after, 1)
    assert before["U0001"].keys() < after["U0001"].keys()


def test_new_column_without_values_stamps_no_row(loaded):
    before = loaded.raw()
    loaded.source("alter table users add column referrer text")
    assert counts(extract(loaded)) == {"read": 2, "unchanged": 2}
    assert loaded.raw() == {key: row | {"referrer": None} for key, row in before.items()}


def test_change_in_a_new_column_alone_stamps_its_row(loaded):
    loaded.source("alter table users add column referrer text default 'nobody'")
    extract(loaded)
    before = loaded.raw()
    loaded.source("update users set referrer = 'U0002' where user_id = 'U0001'")
    load = extract(loaded, 3)
    assert counts(load) == {"read": 1, "updated": 1}
    assert loaded.raw()["U0001"]["_loaded_at"] == load.started_at
    assert loaded.raw()["U0002"] == before["U0002"]
    assert_raw_is_the_source(loaded)


def test_columns_that_are_there_from_the_start_come_with_the_first_load(own_pipeline):
    own_pipeline.source("alter table users add column referrer text default 'nobody'")
    own_pipeline.seed_users(ANA, BEN)
    assert counts(own_pipeline.extract()) == {"read": 2, "inserted": 2}
    assert changes(own_pipeline) == [("postgres_users", "referrer", "added", "added to raw")]
    assert_raw_is_the_source(own_pipeline)


# Type at the source, a value, the type in raw, the value there when it is not the same.
TYPES = [
    ("text", "'naïve'", "text", None),
    ("varchar(19)", "'tab\tand \\N'", "text", None),
    ("boolean", "true", "boolean", None),
    ("smallint", "-3", "smallint", None),
    ("integer", "7", "integer", None),
    ("bigint", "9223372036854775807", "bigint", None),
    ("numeric(30,10)", "12345678901234567890.0123456789", "numeric", None),
    ("numeric", "'NaN'", "numeric", "NaN"),
    ("real", "0.1", "real", None),
    ("double precision", "0.1", "double precision", None),
    ("date", "'0044-03-15 BC'::date + 800000", "date", None),
    ("timestamp", "'2024-02-29 23:59:59.999999'", "timestamp without time zone", None),
    ("timestamptz(3)", "'2024-02-29 23:59:59.999+05'", "timestamp with time zone", None),
    ("time", "'23:59'", "time without time zone", None),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "uuid", None),
    ("jsonb", "'{\"a\": [1, 2.50, null]}'", "jsonb", None),
    ("bytea", "'\\x00ff'", "bytea", None),
    ("json", '\'{"a": 1,  "a": 2}\'', "text", '{"a": 1,  "a": 2}'),
    ("interval", "'30 days'", "text", "30 days"),
    ("integer[]", "'{1,null,3}'", "text", "{1,NULL,3}"),
    ("inet", "'10.0.0.1/8'", "text", "10.0.0.1/8"),
    ("int4range", "'[1,5)'", "text", "[1,5)"),
    ("plan_kind", "'paid'", "text", "paid"),
    ("share", "0.25", "numeric", None),
    ("mail", "'a@b.c'", "text", None),
    ("place", "'(1,north)'", "text", "(1,north)"),
]


def test_new_column_of_any_type_arrives(loaded):
    loaded.source(
        "create type plan_kind as enum ('free', 'paid'); create domain share as numeric(5,4);"
        "create domain mail as text; create type place as (x integer, side text)"
    )
    for number, (type_, value, *_) in enumerate(TYPES):
        loaded.source(f"alter table users add column c{number} {type_} default {value}")
    assert counts(extract(loaded)) == {"read": 2, "updated": 2}
    held, raw = held_types(loaded), loaded.raw()["U0001"]
    source = loaded.source("select * from users where user_id = 'U0001'")[0]
    for number, (type_, _, raw_type, expected) in enumerate(TYPES):
        name = f"c{number}"
        assert held[name] == raw_type, type_
        if expected == "NaN":
            assert raw[name].is_nan()
        else:
            assert bytes_too(raw[name]) == bytes_too(source[name] if expected is None else expected), type_
    assert counts(extract(loaded, 3)) == {}
    loaded.source("update users set age = 22 where user_id = 'U0001'")
    assert counts(extract(loaded, 4)) == {"read": 1, "updated": 1}


def bytes_too(value):
    return bytes(value) if isinstance(value, memoryview) else value


def test_column_may_have_any_name(loaded):
    names = ["select", "Größe", 'with "quotes"', "two words", "back\\slash", "{}", "UPPER", "x" * 63]
    for number, name in enumerate(names):
        quoted = name.replace('"', '""')
        loaded.source(f'alter table users add column "{quoted}" integer default {number}')
    assert counts(extract(loaded)) == {"read": 2, "updated": 2}
    row = loaded.raw()["U0001"]
    assert [row[name] for name in names] == list(range(len(names)))
    loaded.source('update users set "{}" = 99')
    assert counts(extract(loaded, 3)) == {"read": 2, "updated": 2}
    assert_raw_is_the_source(loaded)


@pytest.mark.parametrize("name", ["_loaded_at", "_batch_id", "50%%"])
def test_column_whose_name_is_taken_is_left_out_and_reported_once(loaded, name):
    loaded.source(f'alter table users add column "{name}" integer default 1'.replace("%%", "%"))
    before = loaded.raw()
    extract(loaded)
    extract(loaded, 3)
    assert changes(loaded) == [("postgres_users", name.replace("%%", "%"), "added", "left out")]
    assert loaded.raw() == before


def test_new_column_that_may_not_be_read_is_left_out_until_it_may(loaded):
    columns = ", ".join(loaded.source("select * from users")[0])
    loaded.source(f"revoke select on users from elt_reader; grant select ({columns}) on users to elt_reader")
    loaded.source("alter table users add column secret text default 'x'")
    assert counts(extract(loaded)) == {}
    assert "secret" not in held_types(loaded)
    loaded.source("grant select (secret) on users to elt_reader")
    assert counts(extract(loaded, 3)) == {"read": 2, "updated": 2}
    assert [row[3] for row in changes(loaded)] == ["left out", "added to raw"]
    assert_raw_is_the_source(loaded)


def test_column_that_is_declared_later_is_added_too(loaded):
    loaded.source("alter table users add column plan text default 'old'")
    declared = replace(STRICT_USERS, columns=(*USERS.columns, Column("plan", "text")))
    assert counts(extract(loaded, 2, declared)) == {"read": 2, "updated": 2}
    assert counts(extract(loaded, 3, declared)) == {}
    assert_raw_is_the_source(loaded)


def test_load_that_is_killed_has_added_nothing(loaded, killed):
    loaded.source("alter table users add column referrer text default 'nobody'")
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError):
        extract(loaded)
    assert "referrer" not in held_types(loaded)
    assert changes(loaded) == []
    assert counts(extract(loaded)) == {"read": 2, "updated": 2}
    assert_raw_is_the_source(loaded)


def test_shape_stands_still_while_it_is_read(loaded, monkeypatch):
    measure, refused = loading.fingerprint_of_source, []

    def measure_while_somebody_alters(reader, table):
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            loaded.source("set lock_timeout = '100ms'; alter table users drop column age")
        refused.append(True)
        return measure(reader, table)

    monkeypatch.setattr(loading, "fingerprint_of_source", measure_while_somebody_alters)
    assert counts(extract(loaded)) == {}
    assert refused


# What is gone, or another.

STOPS = {
    "alter table users drop column country": (
        ("country", "removed", "text", None),
        r"users.country \(text\) is gone. Restore it .* or change include/tables.py",
    ),
    "alter table users rename column country to land": (
        ("country", "removed", "text", None),
        r"users.country \(text\) is gone. Restore it \(if renamed, under its old name\)",
    ),
    "alter table users drop column created_at": (
        ("created_at", "removed", "timestamp with time zone", None),
        r"users.created_at \(timestamp with time zone\) is gone",
    ),
    "alter table users drop column updated_at": (
        ("updated_at", "removed", "timestamp with time zone", None),
        r"users.updated_at \(timestamp with time zone\) is gone",
    ),
    "alter table users rename column user_id to id": (
        ("user_id", "removed", "text", None),
        r"users.user_id \(text\) is gone",
    ),
    "alter table users alter age type bigint": (
        ("age", "retyped", "integer", "bigint"),
        r"users.age was integer and is bigint now. .*: alter table raw.postgres_users alter column \"age\"",
    ),
    "alter table users drop column age; alter table users add column age text": (
        ("age", "retyped", "integer", "text"),
        r"users.age was integer and is text now. Restore the type",
    ),
    "alter table users alter country type integer using 1": (
        ("country", "retyped", "text", "integer"),
        r"users.country was text and is integer now. Restore the type",
    ),
    "alter table users alter total_watch_time_hours type double precision": (
        ("total_watch_time_hours", "retyped", "numeric", "double precision"),
        r"users.total_watch_time_hours was numeric and is double precision now",
    ),
    "alter table users alter registration_date type timestamp": (
        ("registration_date", "retyped", "date", "timestamp without time zone"),
        r"users.registration_date was date and is timestamp without time zone now",
    ),
    "alter table users alter updated_at type timestamp": (
        ("updated_at", "retyped", "timestamp with time zone", "timestamp without time zone"),
        r"users.updated_at was timestamp with time zone and is timestamp without time zone now",
    ),
    "revoke select on users from elt_reader; grant select (user_id) on users to elt_reader": (
        ("age", "unreadable", "integer", "integer"),
        r"elt_reader may not read the source's users.age. As its owner: grant select \(\"age\"\) on",
    ),
    "revoke select on users from elt_reader": (
        (None, "unreadable", None, None),
        r"may not read the source's table users. As its owner: grant select on \"users\" to elt_reader",
    ),
    "alter table users rename to people": (
        (None, "removed", None, None),
        r"the source has no table users that elt_reader can see. Restore it, or mend SOURCE_DB in .env",
    ),
}


@pytest.mark.parametrize("statement", STOPS)
def test_load_stops_before_it_writes(loaded, statement):
    expected, message = STOPS[statement]
    before, runs = loaded.raw(), loaded.load_runs()
    loaded.source("update users set age = 22")
    loaded.source(statement)
    for _ in range(2):
        with pytest.raises(SchemaDriftError, match=message):
            extract(loaded)
    assert (loaded.raw(), loaded.load_runs()) == (before, runs)
    recorded = changes(loaded, "column_name", "change", "old_type", "new_type")
    assert expected in recorded
    # Tried twice, recorded once.
    assert len(set(recorded)) == len(recorded)
    assert {row["action"] for row in loaded.warehouse("select * from ops.schema_changes")} == {
        "stopped the load"
    }


def test_load_goes_on_where_it_stopped_once_the_column_is_restored(loaded):
    loaded.source("alter table users rename column country to land")
    with pytest.raises(InputError, match="is gone"):
        extract(loaded)
    loaded.source("update users set age = 22; alter table users rename column land to country")
    assert counts(extract(loaded, 3)) == {"read": 2, "updated": 2}
    assert_raw_is_the_source(loaded)
    assert held_types(loaded).keys() & {"land"} == set()


def test_first_load_stops_too(own_pipeline):
    own_pipeline.seed_users(ANA)
    own_pipeline.source("alter table users drop column country")
    with pytest.raises(SchemaDriftError, match="is gone"):
        own_pipeline.extract()
    assert own_pipeline.raw() == {}


def test_column_that_was_added_and_goes_stops_the_load_until_raw_lets_go_of_it(loaded):
    loaded.source("alter table users add column referrer text default 'nobody'")
    extract(loaded)
    loaded.source("alter table users drop column referrer")
    with pytest.raises(SchemaDriftError, match=r'rename column "referrer" to "referrer_removed"'):
        extract(loaded, 3)
    loaded.warehouse('alter table raw.postgres_users rename column "referrer" to "referrer_removed"')
    loaded.source("update users set age = 22")
    assert counts(extract(loaded, 4)) == {"read": 2, "updated": 2}
    assert {row["referrer_removed"] for row in loaded.raw().values()} == {"nobody"}
    # And should it come back, it is a new column again.
    loaded.source("alter table users add column referrer text default 'somebody'")
    assert counts(extract(loaded, 5)) == {"read": 2, "updated": 2}
    assert [row[2:] for row in changes(loaded)] == [
        ("added", "added to raw"),
        ("removed", "stopped the load"),
        ("added", "added to raw"),
    ]


def test_column_that_was_added_and_gets_another_type_stops_the_load(loaded):
    loaded.source("alter table users add column score integer default 1")
    extract(loaded)
    loaded.source("alter table users alter score type bigint")
    with pytest.raises(SchemaDriftError, match=r"users.score was integer and is bigint now"):
        extract(loaded, 3)
    loaded.warehouse("alter table raw.postgres_users alter score type bigint")
    loaded.source("update users set score = 2 ^ 40")
    assert counts(extract(loaded, 4)) == {"read": 2, "updated": 2}
    assert_raw_is_the_source(loaded)


@pytest.mark.parametrize(
    "statement",
    [
        "alter table users alter country type varchar(50)",
        "alter table users alter age type smallint",
        "alter table users alter total_watch_time_hours type integer",
        "alter table users alter total_watch_time_hours type numeric(30,15)",
        "create type land as enum ('Peru'); alter table users alter country type land using 'Peru'",
    ],
)
def test_type_whose_every_value_raw_holds_is_accepted(loaded, statement):
    loaded.source(statement)
    loaded.source("update users set age = 22")
    assert counts(extract(loaded)) == {"read": 2, "updated": 2}
    assert changes(loaded) == []
    assert_raw_is_the_source(loaded)


@pytest.mark.parametrize("type_", ["bigint", "numeric"])
def test_type_that_was_widened_in_raw_as_well_is_accepted(loaded, type_):
    loaded.source(
        "alter table users drop constraint users_age_check, drop constraint users_age_check1"
        "; alter table users alter age type bigint"
    )
    loaded.warehouse(f"alter table raw.postgres_users alter age type {type_}")
    loaded.source("update users set age = 2 ^ 40")
    assert counts(extract(loaded)) == {"read": 2, "updated": 2}
    assert loaded.raw()["U0001"]["age"] == 2**40


# Any order.


class ColumnsComeBetweenLoads(RuleBasedStateMachine):
    """The product adds columns and writes rows; after each load raw is the source."""

    pipeline = None

    def __init__(self):
        super().__init__()
        for name in [name for name in self.column_names() if name.startswith("c_")]:
            self.pipeline.source(f"alter table users drop column {name}")
            self.pipeline.warehouse(f"alter table raw.postgres_users drop column if exists {name}")
        self.pipeline.source("delete from users")
        self.pipeline.warehouse(
            "delete from raw.postgres_users; delete from ops.watermarks; delete from ops.schema_changes"
        )
        self.columns = 0
        self.loads = 0

    def column_names(self):
        rows = self.pipeline.source(
            "select attname from pg_attribute where attrelid = 'users'::regclass and attnum > 0"
            " and not attisdropped"
        )
        return [row["attname"] for row in rows]

    @rule(user=st.integers(1, 4), age=st.integers(0, 130))
    def write(self, user, age):
        self.pipeline.source(
            "insert into users (user_id, age, registration_date) values (%s, %s, '2022-10-02')"
            " on conflict (user_id) do update set age = excluded.age",
            f"U{user}",
            age,
        )

    @rule(user=st.integers(1, 4))
    def delete(self, user):
        self.pipeline.source("delete from users where user_id = %s", f"U{user}")

    @rule(type_=st.sampled_from(["text", "integer", "integer[]", "jsonb"]), has_default=st.booleans())
    def add_column(self, type_, has_default):
        value = {"text": "'a'", "integer": "1", "integer[]": "'{1}'", "jsonb": "'{\"a\": 1}'"}[type_]
        self.columns += 1
        default = f"default {value}" if has_default else ""
        self.pipeline.source(f"alter table users add column c_{self.columns} {type_} {default}")

    @rule(number=st.integers(1, 5), user=st.integers(1, 4))
    def clear_column(self, number, user):
        if number <= self.columns:
            self.pipeline.source(f"update users set c_{number} = null where user_id = %s", f"U{user}")

    @rule()
    def load(self):
        self.loads += 1
        self.pipeline.extract(STRICT_USERS, self.pipeline.batch(f"run {self.loads}"))
        names = [name for name in self.column_names() if name not in STAMPS]
        query = "select {} from {} order by 1"
        shown = ", ".join(f"{name}::text" for name in names)
        live = "raw.postgres_users where _deleted_at is null"
        source = self.pipeline.source(query.format(shown, "users"))
        assert self.pipeline.warehouse(query.format(shown, live)) == source

    def teardown(self):
        self.load()


def test_any_order_of_columns_rows_and_loads_ends_equal(own_pipeline):
    ColumnsComeBetweenLoads.pipeline = own_pipeline
    run_state_machine_as_test(
        ColumnsComeBetweenLoads,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


# MongoDB.


def movie(key="M1", **fields):
    return {"content_id": key, "title": "Alien", "genre": ["Horror", "Sci-Fi"], "rating": 8.5} | fields


def insert(pipeline, document):
    """Write a movie as an application with more rights does; return its id."""
    now = pipeline.product.command("hello")["localTime"]
    document = {"content_type": "movie", "created_at": now, "updated_at": now} | document
    return str(pipeline.product.content.insert_one(document, bypass_document_validation=True).inserted_id)


FIELDS = ("table_name", "column_name", "new_type", "document_id", "action")


def test_field_that_no_column_takes_is_reported_once_with_its_first_document(pipeline, caplog):
    pipeline.seed_content([movie(f"M{number}") for number in range(3000)])
    late = insert(pipeline, movie("late", subtitles=["en"]))
    with caplog.at_level(logging.WARNING):
        pipeline.extract_content()
        insert(pipeline, movie("later", subtitles=["de"]))
        pipeline.extract_content(pipeline.batch("run 2"))
    assert changes(pipeline, *FIELDS) == [("mongo_movies", "subtitles", "array", late, "kept in _document")]
    assert len([message for message in caplog.messages if "subtitles" in message]) == 1
    assert pipeline.raw("mongo_movies")["late"]["_document"]["subtitles"] == ["en"]


def test_field_is_reported_again_when_its_type_changes(pipeline):
    values = [1, Int64(2), 2.5, Decimal128("1"), "x", True, None, ["x"], {"a": 1}, ObjectId(), b"x"]
    ids = [insert(pipeline, movie(f"M{number}", extra=value)) for number, value in enumerate(values)]
    pipeline.extract_content()
    types = ["int", "long", "double", "decimal", "string", "bool", "null", "array", "object", "objectId"]
    assert changes(pipeline, "column_name", "new_type", "document_id") == [
        ("extra", type_, id_) for type_, id_ in zip([*types, "binData"], ids, strict=True)
    ]


def test_new_field_of_a_document_that_is_rejected_is_reported_too(pipeline):
    insert(pipeline, movie(rating="high", subtitles=1))
    pipeline.extract_content()
    assert [row["column_name"] for row in pipeline.quarantine()] == ["rating"]
    assert [row[1] for row in changes(pipeline)] == ["subtitles"]


def test_known_fields_are_not_reported(pipeline):
    pipeline.seed_content([movie()], [{"content_id": "S1", "title": "Dark", "episodes_per_season": [8]}])
    pipeline.extract_content()
    assert changes(pipeline) == []
    # A field of the other kind is none of this one.
    insert(pipeline, movie("M2", seasons=3))
    pipeline.extract_content(pipeline.batch("run 2"))
    assert changes(pipeline, "table_name", "column_name") == [("mongo_movies", "seasons")]


def test_wrong_element_is_named_by_its_place_in_the_list(pipeline):
    id_ = insert(pipeline, movie(genre=["Horror", "Drama", 7, 8]))
    pipeline.extract_content()
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"], row["value"]) == (id_, "genre[2]", "7")


def test_declared_field_that_every_document_lacks_rejects_each_with_its_id(pipeline):
    pipeline.seed_content([movie(f"M{number}") for number in range(120)])
    pipeline.extract_content()
    before = pipeline.raw("mongo_movies")
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_many(
        {}, {"$unset": {"title": ""}, "$set": {"updated_at": now}}, bypass_document_validation=True
    )
    with pytest.raises(InputError, match=r"120 of the 120 rows read cannot be loaded .*title is missing"):
        pipeline.extract_content(pipeline.batch("run 2"), replace(CONTENT, strategy="full_refresh"))
    ids = {str(document["_id"]) for document in pipeline.product.content.find()}
    rejected = {(row["position"], row["column_name"], row["reason"]) for row in pipeline.quarantine()}
    assert rejected == {(id_, "title", "is missing") for id_ in ids}
    assert pipeline.raw("mongo_movies") == before


def test_missing_collection_stops_the_load_instead_of_deleting_everything(own_pipeline):
    own_pipeline.seed_content([movie()])
    own_pipeline.extract_content()
    before = own_pipeline.raw("mongo_movies")
    own_pipeline.product.drop_collection("content")
    with pytest.raises(SchemaDriftError, match="the source has no collection content"):
        own_pipeline.extract_content(own_pipeline.batch("run 2"))
    assert own_pipeline.raw("mongo_movies") == before
    assert changes(own_pipeline) == [("mongo_content", None, "removed", "stopped the load")]
