"""Raw that differs from its source: which table, which numbers, which keys, and how it is mended."""

from tests.integration.quality.comparison import (
    EXTRA_USER,
    TABLES,
    difference,
    load,
    reconcile,
    recorded,
    tamper,
)


def test_changed_value_is_found_with_both_values_and_its_key(loaded):
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    message = difference(loaded)
    assert "raw.postgres_users differs from its source" in message
    assert "sum(age) is 168 in the source and 244 in raw" in message
    assert "First keys: U3 (age 23 in the source, 99 in raw)." in message
    assert "postgres_viewing_sessions" not in message
    assert recorded(loaded, "postgres_users")["sum(age)"] == (168, 244, 244, False)
    assert recorded(loaded, "postgres_users")["rows"] == (7, 7, 7, True)


def test_value_that_was_emptied_is_found(loaded):
    tamper(loaded, "update raw.postgres_users set age = null where user_id = 'U3'")
    assert "U3 (age 23 in the source, null in raw)" in difference(loaded)


def test_missing_key_is_found(loaded):
    tamper(loaded, "delete from raw.postgres_viewing_sessions where session_id = 'S2'")
    message = difference(loaded)
    assert "rows is 2 in the source and 1 in raw" in message
    assert "S2 (missing in raw)" in message


def test_row_that_was_marked_deleted_is_missing(loaded):
    tamper(loaded, "update raw.postgres_users set _deleted_at = now() where user_id = 'U3'")
    assert "U3 (missing in raw)" in difference(loaded)


def test_extra_key_is_found(loaded):
    tamper(loaded, EXTRA_USER)
    message = difference(loaded)
    assert "rows is 7 in the source and 8 in raw" in message
    assert "First keys: U9 (not in the source)." in message


def test_key_in_place_of_another_is_found(loaded):
    tamper(loaded, "update raw.postgres_users set user_id = 'U9' where user_id = 'U3'")
    message = difference(loaded)
    assert "key_hash is" in message
    assert "rows is" not in message
    assert "U3 (missing in raw), U9 (not in the source)" in message


def test_row_that_came_back_from_the_deleted_is_found(loaded):
    loaded.source("delete from users where user_id = 'U3'")
    load(loaded)
    tamper(loaded, "update raw.postgres_users set _deleted_at = null where user_id = 'U3'")
    assert "U3 (not in the source)" in difference(loaded)


def test_change_that_the_load_did_not_see_is_found(loaded):
    # Stamped by an application whose clock is wrong: no load ever comes back to it.
    loaded.source("alter table users disable trigger touch_updated_at")
    loaded.source("update users set age = 80, updated_at = now() - interval '1 day' where user_id = 'U3'")
    loaded.source("alter table users enable trigger touch_updated_at")
    load(loaded)
    assert "U3 (age 80 in the source, 23 in raw)" in difference(loaded)


def test_row_that_the_load_did_not_see_is_found(loaded):
    loaded.source(
        "insert into users (user_id, age, registration_date, updated_at)"
        " values ('U8', 30, '2022-10-02', now() - interval '1 day')"
    )
    load(loaded)
    assert "U8 (missing in raw)" in difference(loaded)


def test_first_five_keys_are_named(loaded):
    tamper(loaded, "update raw.postgres_users set age = age + 1")
    message = difference(loaded)
    assert [f"U{n} (age" in message for n in range(1, 8)] == [True] * 5 + [False] * 2


def test_document_and_element_that_changed_are_found(loaded):
    tamper(loaded, "update raw.mongo_movies set views_count = 7 where content_id = 'M1'")
    tamper(loaded, "delete from raw.mongo_content_genres where content_id = 'M2' and position = 2")
    tamper(loaded, "update raw.mongo_series_seasons set episodes = 9 where season_number = 1")
    message = difference(loaded)
    assert "M1 (views_count 1 in the source, 7 in raw)" in message
    assert "raw.mongo_content_genres differs from its source: rows is 7 in the source and 6 in raw" in message
    assert "(M2,2) (missing in raw)" in message
    assert "(S1,1) (episodes 8 in the source, 9 in raw)" in message


def test_document_missing_and_extra_are_found(loaded):
    tamper(loaded, "update raw.mongo_movies set content_id = 'M9' where content_id = 'M1'")
    assert "M1 (missing in raw), M9 (not in the source)" in difference(loaded)


def test_all_tables_are_compared_before_the_task_fails(loaded):
    tamper(loaded, "delete from raw.postgres_users")
    tamper(loaded, "delete from raw.mongo_series")
    assert len(difference(loaded).splitlines()) == 2
    assert len(loaded.warehouse("select distinct table_name from ops.reconciliations")) == len(TABLES)


def test_what_the_message_says_mends_raw(loaded):
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    tamper(loaded, "delete from raw.postgres_users where user_id = 'U4'")
    tamper(loaded, EXTRA_USER)
    tamper(loaded, "delete from raw.mongo_movies where content_id = 'M1'")
    for line in difference(loaded).splitlines():
        tamper(loaded, line.split('Q="')[1].split('"')[0])
    load(loaded, "run 2")
    assert reconcile(loaded, "run 2") == TABLES


def test_table_that_was_never_measured_is_told(loaded):
    loaded.warehouse("delete from ops.source_figures where table_name = 'postgres_users'")
    assert "raw.postgres_users: no load has measured its source yet" in difference(loaded)
    assert recorded(loaded, "postgres_viewing_sessions")["rows"] == (2, 2, 2, True)
