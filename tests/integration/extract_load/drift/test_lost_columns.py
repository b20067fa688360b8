"""A column that is gone or another: the load stops before it writes, until source or raw is mended."""

import pytest

from include.errors import InputError, SchemaDriftError
from tests.integration.extract_load.drift.shapes import (
    assert_raw_is_the_source,
    changes,
    extract,
    held_types,
)
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import ANA

STOPS = {
    "alter table users drop column country": (
        ("country", "removed", "text", None),
        r"users.country \(text\) is gone. Restore it .* or change include/sources.yml",
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
        r"users.updated_at is timestamp without time zone, which says no moment. Declare in .* the time_zone",
    ),
    "revoke select on users from elt_reader; grant select (user_id) on users to elt_reader": (
        ("age", "unreadable", "integer", "integer"),
        r"elt_reader may not read the source's users.age. As its owner: grant select \(\"age\"\) on",
    ),
    "revoke select on users from elt_reader": (
        (None, "unreadable", None, None),
        r"may not read the source's table public.users. As its .* grant select on \"public\".\"users\" to",
    ),
    "alter table users rename to people": (
        (None, "removed", None, None),
        r"the source has no table public.users that elt_reader can see. Restore it, or mend SOURCE_DB",
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
