"""A column that is new in the source: it is added to raw, and the table is read whole once."""

import logging
from dataclasses import replace
from decimal import Decimal

import psycopg2
import pytest

from include.extract_load import loading
from include.specs import Column
from tests.integration.extract_load.drift.shapes import (
    STRICT_USERS,
    assert_raw_is_the_source,
    changes,
    extract,
    held_types,
)
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS


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
    ("integer[]", "'{1,null,3}'", "integer[]", None),
    ("varchar(3)[]", "'{a,\"b c\"}'", "text[]", ["a", "b c"]),
    ("timestamp[]", "'{2024-02-29 23:59:59}'", "timestamp without time zone[]", None),
    ("money", "12.34::numeric::money", "numeric", Decimal("12.34")),
    ("int4range", "'[1,5)'", "text", "[1,5)"),
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


def bytes_too(value: object) -> object:
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
    measure, refused = loading.measure_source, []

    def measure_while_somebody_alters(reader, *table_and_rows):
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            loaded.source("set lock_timeout = '100ms'; alter table users drop column age")
        refused.append(True)
        return measure(reader, *table_and_rows)

    monkeypatch.setattr(loading, "measure_source", measure_while_somebody_alters)
    assert counts(extract(loaded)) == {}
    assert refused
