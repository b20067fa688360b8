"""Texts, dates, booleans and whole documents that differ: found by the hash of a row, named by the key."""

from dataclasses import replace

import pytest

from include.quality import reconcile as reconcile_module
from tests.integration.quality.comparison import (
    TABLES,
    compare,
    difference,
    load,
    publish,
    reconcile,
    recorded,
    tamper,
)
from tests.product import USERS


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("country = 'PerÃº'", "country 'Peru' in the source, 'PerÃº' in raw"),
        ("country = 'Peru '", "country 'Peru' in the source, 'Peru ' in raw"),
        ("country = null", "country 'Peru' in the source, null in raw"),
        ("subscription_type = ''", "subscription_type 'Basic' in the source, '' in raw"),
        (
            "registration_date = '2022-10-03'",
            "registration_date '2022-10-02' in the source, '2022-10-03' in raw",
        ),
        ("created_at = 'infinity'", "in the source, 'infinity' in raw"),
    ],
)
def test_value_of_raw_that_differs_from_the_source_is_found(loaded, change, shown):
    tamper(loaded, f"update raw.postgres_users set {change} where user_id = 'U3'")
    message = difference(loaded)
    assert "raw.postgres_users differs from its source: row_hash is " in message
    assert "First keys: U3 (" in message
    assert shown in message
    assert recorded(loaded, "postgres_users")["row_hash"][3] is False


def test_values_that_two_rows_exchanged_are_found(loaded):
    loaded.source("update users set country = 'Chile' where user_id = 'U2'")
    load(loaded)
    assert reconcile(loaded) == TABLES
    tamper(
        loaded,
        "update raw.postgres_users set country = case user_id when 'U2' then 'Peru' else 'Chile' end"
        " where user_id in ('U2', 'U3')",
    )
    message = difference(loaded)
    assert "U2 (country 'Chile' in the source, 'Peru' in raw)" in message
    assert "U3 (country 'Peru' in the source, 'Chile' in raw)" in message


def test_values_that_two_columns_exchanged_are_found(loaded):
    tamper(
        loaded,
        "update raw.postgres_users set country = subscription_type, subscription_type = country"
        " where user_id = 'U3'",
    )
    assert "U3 (country 'Peru' in the source, 'Basic' in raw; subscription_type" in difference(loaded)


def test_text_that_the_load_did_not_see_is_found(loaded):
    loaded.source("alter table users disable trigger touch_updated_at")
    loaded.source(
        "update users set country = 'Chile', updated_at = now() - interval '1 day' where user_id = 'U3'"
    )
    loaded.source("alter table users enable trigger touch_updated_at")
    load(loaded)
    assert "U3 (country 'Chile' in the source, 'Peru' in raw)" in difference(loaded)


def test_long_text_is_shown_in_part(loaded):
    tamper(loaded, "update raw.postgres_users set country = repeat('x', 5000) where user_id = 'U3'")
    message = difference(loaded)
    assert f"'{'x' * 60}'... in raw" in message
    assert "x" * 61 not in message


def test_personal_value_is_named_and_not_shown(loaded, monkeypatch):
    columns = tuple(replace(column, personal=column.name == "country") for column in USERS.columns)
    monkeypatch.setattr(reconcile_module, "SOURCES", (replace(USERS, columns=columns),))
    tamper(loaded, "update raw.postgres_users set country = 'Chile' where user_id = 'U3'")
    message = difference(loaded)
    assert "U3 (country differs)" in message
    assert "Chile" not in message


def test_column_that_nobody_declared_is_compared(loaded):
    loaded.source(
        "alter table users add is_beta boolean not null default true, add tags text[] default '{a}'"
    )
    load(loaded)
    assert reconcile(loaded) == TABLES
    tamper(loaded, "update raw.postgres_users set is_beta = false where user_id = 'U3'")
    tamper(loaded, "update raw.postgres_users set tags = '{b}' where user_id = 'U4'")
    message = difference(loaded)
    assert "U3 (is_beta differs), U4 (tags differs)" in message


def test_column_that_the_source_dropped_since_hides_no_difference(loaded):
    loaded.source("alter table users add is_trial boolean not null default true")
    load(loaded)
    loaded.source("alter table users drop is_trial")
    tamper(loaded, "update raw.postgres_users set country = 'Chile' where user_id = 'U3'")
    assert "U3 (country 'Peru' in the source, 'Chile' in raw)" in difference(loaded)


def test_document_and_texts_of_documents_are_compared(loaded):
    tamper(loaded, "update raw.mongo_movies set title = 'Other' where content_id = 'M1'")
    tamper(
        loaded,
        """update raw.mongo_movies set _document = _document || '{"awards": 3}' where content_id = 'M2'""",
    )
    tamper(
        loaded, "update raw.mongo_content_genres set genre = 'War' where content_id = 'M3' and position = 2"
    )
    message = difference(loaded)
    assert "M1 (title 'Film 1' in the source, 'Other' in raw)" in message
    assert "M2 (_document differs)" in message
    assert "(M3,2) (genre 'Crime' in the source, 'War' in raw)" in message


def test_document_that_was_only_touched_is_no_difference(loaded):
    now = loaded.product.command("hello")["localTime"]
    loaded.product.content.update_one({"content_id": "M1"}, {"$set": {"updated_at": now}})
    load(loaded)
    assert reconcile(loaded) == TABLES


def test_text_of_the_star_that_differs_from_raw_is_found(loaded):
    publish(loaded)
    tamper(loaded, "update trusted.dim_users set country = 'Chile' where user_id = 'U1'")
    tamper(loaded, "update trusted.dim_users set registration_date = null where user_id = 'U2'")
    tamper(loaded, "update trusted.dim_content set title = 'Harbor' where content_id = 'S1'")
    message = difference(loaded, compare)
    assert "trusted.dim_users differs from raw.postgres_users: row_hash is " in message
    assert "U1 (country 'Peru' in raw, 'Chile' in trusted.dim_users)" in message
    assert "U2 (registration_date '2022-10-02' in raw, null in trusted.dim_users)" in message
    assert "S1 (title 'Harbour' in raw, 'Harbor' in trusted.dim_content)" in message


def test_what_the_star_says_in_other_words_is_no_difference(loaded):
    loaded.source("update users set country = E' Peru\\u00a0', subscription_type = null where user_id = 'U1'")
    loaded.source("update users set total_watch_time_hours = 7.004 where user_id = 'U2'")
    load(loaded)
    assert reconcile(loaded) == TABLES
    assert recorded(loaded, "postgres_users")["row_hash"][3] is True


def test_figures_of_an_older_version_are_compared_as_far_as_they_go(loaded):
    loaded.warehouse("delete from ops.source_figures where measure = 'row_hash' returning 1")
    tamper(loaded, "update raw.postgres_users set country = 'Chile' where user_id = 'U3'")
    assert reconcile(loaded) == TABLES
    assert "row_hash" not in recorded(loaded, "postgres_users")
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    assert "U3 (age 23 in the source, 99 in raw)" in difference(loaded)
