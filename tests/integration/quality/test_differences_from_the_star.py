"""A star that differs from raw: which table, which rows, and how it is mended."""

from tests.integration.quality.comparison import (
    TABLES,
    compare,
    difference,
    publish,
    recorded,
    tamper,
)


def test_row_that_the_star_lost_is_found(loaded):
    publish(loaded)
    tamper(loaded, "delete from trusted.fct_viewing_sessions where session_id = 'S2'")
    message = difference(loaded, compare)
    assert "trusted.fct_viewing_sessions differs from raw.postgres_viewing_sessions" in message
    assert "rows is 2 in raw and 1 there" in message
    assert "sum(watch_duration_minutes) is 39.00 in raw and 9.00 there" in message
    assert "S2 (missing in trusted.fct_viewing_sessions)" in message
    assert "trigger the pipeline with mode full refresh" in message
    assert len(message.splitlines()) == 1
    assert recorded(loaded, "postgres_viewing_sessions")["rows"] == (2, 2, 1, False)


def test_rows_that_the_star_changed_are_found(loaded):
    publish(loaded)
    tamper(loaded, "update trusted.dim_users set age = age + 1 where user_id = 'U1'")
    tamper(loaded, "update trusted.dim_users set user_id = 'U9' where user_id = 'U2'")
    tamper(loaded, "update trusted.dim_content set is_available = false where content_id = 'M1'")
    tamper(loaded, "update trusted.dim_content set catalogue_views = 5 where content_id = 'S1'")
    message = difference(loaded, compare)
    assert "U1 (age 21 in raw, 22 in trusted.dim_users)" in message
    assert "U2 (missing in trusted.dim_users), U9 (not in raw)" in message
    assert "M1 (missing in trusted.dim_content)" in message
    assert "S1 (total_views null in raw, 5 in trusted.dim_content)" in message


def test_raw_that_changed_after_the_star_was_built_differs_from_both(loaded):
    publish(loaded)
    tamper(loaded, "delete from raw.postgres_viewing_sessions where session_id = 'S2'")
    lines = difference(loaded, compare).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "raw.postgres_viewing_sessions differs from its source",
        "trusted.fct_viewing_sessions differs from raw.postgres_viewing_sessions",
    ]
    assert "S2 (not in raw)" in lines[1]


def test_star_is_read_in_the_schema_that_was_asked_for(loaded):
    with loaded.admin.cursor() as cursor:
        cursor.execute("create schema if not exists trusted_next authorization dbt_transformer")
    publish(publish(loaded), "trusted_next")
    tamper(loaded, "delete from trusted_next.fct_viewing_sessions")
    assert compare(loaded) == TABLES
    message = difference(loaded, lambda pipeline: compare(pipeline, schema="trusted_next"))
    assert "trusted_next.fct_viewing_sessions differs from raw.postgres_viewing_sessions" in message
    assert "trigger the pipeline with mode full refresh" in message


def test_table_of_other_systems_is_not_compared_for_its_name(loaded, monkeypatch):
    publish(loaded)
    tamper(loaded, "delete from trusted.dim_users where user_id = 'U1'")
    assert "U1 (missing in trusted.dim_users)" in difference(loaded, compare)
    monkeypatch.setattr("include.quality.star_mapping.PRODUCT", frozenset())
    assert compare(loaded) == TABLES
    assert recorded(loaded, "postgres_users")["rows"] == (7, 7, None, True)
