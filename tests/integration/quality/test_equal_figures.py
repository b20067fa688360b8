"""Sources, raw and star beside each other when all is well: what is equal, and what is no difference."""

import logging
from decimal import Decimal

from tests.integration.quality.comparison import (
    TABLES,
    compare,
    difference,
    load,
    reconcile,
    recorded,
    tamper,
)


def test_what_was_loaded_equals_its_source_and_the_star(loaded, caplog):
    with caplog.at_level(logging.INFO):
        assert reconcile(loaded) == TABLES
    users = recorded(loaded, "postgres_users")
    assert users["rows"] == (7, 7, 7, True)
    assert users["sum(age)"] == (168, 168, 168, True)
    assert users["sum(total_watch_time_hours)"] == (*[Decimal("31.5")] * 3, True)
    assert users["key_hash"][0] == users["key_hash"][1] == users["key_hash"][2] != 0
    assert recorded(loaded, "postgres_viewing_sessions")["sum(completion_percentage)"][2] == Decimal("118.8")
    assert recorded(loaded, "mongo_movies")["sum(views_count)"] == (6, 6, 6, True)
    # The star has another grain: nothing to compare.
    assert recorded(loaded, "mongo_series_seasons")["sum(episodes)"] == (18, 18, None, True)
    measures = {table: set(recorded(loaded, table)) for table in TABLES}
    assert measures["mongo_content_genres"] == {"rows", "key_hash", "row_hash"}
    source, raw, star, is_equal = recorded(loaded, "mongo_content_genres")["row_hash"]
    assert (source == raw != 0, star, is_equal) == (True, None, True)
    assert "raw.postgres_users: equal, 7 rows compared" in caplog.text


def test_numbers_beyond_a_double_are_compared_to_the_last_digit(pipeline):
    numbers = '"rating": 7.12345678901234567890, "production_budget": 123456789.123456789012'
    movies = ", ".join(f'{{"content_id": "M{n}", "title": "x", {numbers}}}' for n in (1, 2))
    pipeline.write("content.json", f'{{"movies": [{movies}], "series": []}}')
    pipeline.seed_catalogue()
    assert reconcile(load(pipeline))["mongo_movies"] == 2
    source, raw, star, is_equal = recorded(pipeline, "mongo_movies")["sum(production_budget)"]
    assert source == raw == Decimal("246913578.246913578024")
    assert (star, is_equal) == (Decimal("246913578.24"), True)


def test_comparing_again_writes_the_same_rows_again(loaded):
    reconcile(loaded)
    before = loaded.warehouse("select count(*) from ops.reconciliations")
    reconcile(loaded)
    assert loaded.warehouse("select count(*) from ops.reconciliations") == before
    reconcile(loaded, "run 2")
    assert loaded.warehouse("select count(*) from ops.reconciliations")[0]["count"] == 2 * before[0]["count"]


def test_what_was_mended_is_equal_in_the_same_batch(loaded):
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    difference(loaded)
    tamper(loaded, "update raw.postgres_users set age = 23 where user_id = 'U3'")
    assert reconcile(loaded) == TABLES
    assert loaded.warehouse("select * from ops.reconciliations where not is_equal") == []


def test_updates_deletions_and_returns_are_equal_once_they_are_loaded(loaded):
    loaded.source("delete from users where user_id = 'U3'")
    loaded.source("update users set age = 90, total_watch_time_hours = 0.1 where user_id = 'U4'")
    loaded.product.content.delete_one({"content_id": "M2"})
    load(loaded)
    compared = reconcile(loaded)
    assert (compared["postgres_users"], compared["mongo_movies"]) == (6, 2)
    assert compared["mongo_content_genres"] == 5
    loaded.source(
        "insert into users (user_id, age, registration_date, total_watch_time_hours)"
        " values ('U3', 23, '2022-10-02', 3.5)"
    )
    load(loaded)
    assert reconcile(loaded)["postgres_users"] == 7


def test_empty_source_equals_empty_raw(pipeline):
    load(pipeline)
    assert set(reconcile(pipeline).values()) == {0}


def test_numbers_that_are_null_are_equal(loaded):
    loaded.source("update users set age = null, total_watch_time_hours = null")
    load(loaded)
    reconcile(loaded)
    assert recorded(loaded, "postgres_users")["sum(age)"] == (0, 0, 0, True)


def test_decimals_that_the_star_rounds_away_are_no_difference(loaded):
    loaded.source("update viewing_sessions set watch_duration_minutes = 9.0049")
    load(loaded)
    reconcile(loaded)
    minutes = recorded(loaded, "postgres_viewing_sessions")["sum(watch_duration_minutes)"]
    assert minutes == (Decimal("18.0098"), Decimal("18.0098"), Decimal("18.00"), True)
    tamper(loaded, "update trusted.fct_viewing_sessions set watch_duration_minutes = 9.01")
    assert "S1 (watch_duration_minutes 9.00 in raw, 9.01 in trusted.fct_viewing_sessions)" in difference(
        loaded, compare
    )
