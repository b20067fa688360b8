"""Sources, raw and star beside each other: what is a difference, what is none, and what people are told."""

import logging
from decimal import Decimal

import psycopg2
import pytest

from cli.reconcile import print_last_run
from include import quality
from include.errors import DataQualityError
from include.extract_load.raw import lock_loads
from include.quality import reconcile as reconcile_module
from include.tables import USERS, VIEWING_SESSIONS

USER_ROWS = [f"U{n},2{n},Peru,Basic,2022-10-02,{n}.5" for n in range(1, 8)]
SESSION_ROWS = ["S1,U1,M1,2024-02-16,9,18.8,Desktop,4K", "S2,U2,S1,2024-02-17,30,100,Tablet,HD"]
MOVIES = [
    {
        "content_id": f"M{n}",
        "title": f"Film {n}",
        "genre": ["Drama", "Crime"],
        "rating": 7.5,
        "views_count": n,
    }
    for n in range(1, 4)
]
SERIES = [{"content_id": "S1", "title": "Harbour", "genre": ["Crime"], "episodes_per_season": [8, 10]}]
TABLES = {
    "postgres_users": 7,
    "postgres_viewing_sessions": 2,
    "mongo_movies": 3,
    "mongo_series": 1,
    "mongo_content_genres": 7,
    "mongo_series_seasons": 2,
}
# The star as dbt makes it of clean data, in a moment instead of half a minute; the real one is in
# tests/dags and in test_quality_star.py.
STAR = """
drop table if exists trusted.fct_viewing_sessions, trusted.dim_users, trusted.dim_content;
create table trusted.fct_viewing_sessions as
    select session_id, watch_duration_minutes::numeric(10, 2), completion_percentage::numeric(5, 2)
    from raw.postgres_viewing_sessions where _deleted_at is null;
create table trusted.dim_users as
    select 1 as user_key, user_id, age, total_watch_time_hours::numeric(12, 2), true as is_current,
        false as is_inferred
    from raw.postgres_users where _deleted_at is null
    union all select -1, 'Unknown', null, null, true, false
    union all select 2, 'a former version', 30, 5, false, false
    union all select 3, 'inferred', null, null, true, true;
create table trusted.dim_content as
    select content_id, 'movie' as content_type, rating, views_count as catalogue_views, production_budget,
        duration_minutes, release_year, null::integer as seasons,
        null::numeric as avg_episode_duration_minutes, _deleted_at is null as is_available,
        false as is_inferred
    from raw.mongo_movies
    union all
    select content_id, 'series', rating, total_views, production_budget, null, null, seasons,
        avg_episode_duration, _deleted_at is null, false
    from raw.mongo_series
    union all select 'inferred', 'unknown', null, null, null, null, null, null, null, false, true;
"""
EXTRA_USER = (
    "insert into raw.postgres_users select 'U9', age, country, subscription_type, registration_date,"
    " total_watch_time_hours, created_at, _batch_id, _as_of, _loaded_at, _source_updated_at"
    " from raw.postgres_users where user_id = 'U3'"
)


@pytest.fixture
def loaded(pipeline):
    """Both sources seeded and loaded."""
    pipeline.seed_users(*USER_ROWS)
    pipeline.seed_sessions(*SESSION_ROWS)
    pipeline.seed_content(MOVIES, SERIES)
    return load(pipeline)


def load(pipeline, batch_id="run 1"):
    batch = pipeline.batch(batch_id)
    pipeline.extract(USERS, batch)
    pipeline.extract(VIEWING_SESSIONS, batch)
    pipeline.extract_content(batch)
    return pipeline


def publish(pipeline, schema="trusted"):
    transformer = pipeline.platform.connect("dbt_transformer")
    with transformer, transformer.cursor() as cursor:
        cursor.execute(STAR.replace("trusted.", f"{schema}."))
    transformer.close()
    return pipeline


def compare(pipeline, batch_id="run 1", schema="trusted"):
    transformer = pipeline.platform.connect("dbt_transformer")
    servers = quality.Servers(pipeline.reader, pipeline.catalogue, pipeline.loader, transformer)
    compared = quality.reconcile_sources(servers, pipeline.batch(batch_id), schema=schema)
    return {row["table"]: row["rows"] for row in compared}


def reconcile(pipeline, batch_id="run 1"):
    """Publish what raw holds, then compare."""
    return compare(publish(pipeline), batch_id)


def difference(pipeline, reconcile=reconcile):
    with pytest.raises(DataQualityError) as caught:
        reconcile(pipeline)
    return str(caught.value)


def tamper(pipeline, sql):
    with pipeline.admin.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount > 0


def recorded(pipeline, table):
    rows = pipeline.warehouse("select * from ops.reconciliations where table_name = %s", table)
    values = ("source_value", "raw_value", "trusted_value", "is_equal")
    return {row["measure"]: tuple(row[name] for name in values) for row in rows}


def change(pipeline, content_id, **fields):
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_one(
        {"content_id": content_id}, {"$set": fields | {"updated_at": now}}, bypass_document_validation=True
    )


# What is equal.


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
    assert measures["mongo_content_genres"] == {"rows", "key_hash"}
    assert "raw.postgres_users: equal, 7 rows compared" in caplog.text


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


# What differs from the source.


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
    assert "M2 2 (missing in raw)" in message
    assert "S1 1 (episodes 8 in the source, 9 in raw)" in message


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


# What differs from the star.


def test_row_that_the_star_lost_is_found(loaded):
    publish(loaded)
    tamper(loaded, "delete from trusted.fct_viewing_sessions where session_id = 'S2'")
    message = difference(loaded, compare)
    assert "trusted.fct_viewing_sessions differs from raw.postgres_viewing_sessions" in message
    assert "rows is 2 in raw and 1 there" in message
    assert "sum(watch_duration_minutes) is 39.00 in raw and 9.00 there" in message
    assert "S2 (missing in trusted.fct_viewing_sessions)" in message
    assert 'Q="truncate trusted.fct_viewing_sessions"' in message
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


# What changes while a product runs.


def test_rows_that_change_after_the_load_are_no_difference(loaded):
    loaded.source("update users set age = 90 where user_id = 'U1'")
    loaded.source("insert into users (user_id, age, registration_date) values ('U8', 30, '2022-10-02')")
    loaded.source("delete from viewing_sessions")
    change(loaded, "M1", views_count=1000, genre=["Drama"])
    loaded.product.content.delete_one({"content_id": "S1"})
    assert reconcile(loaded) == TABLES


def test_change_after_the_load_hides_no_other_difference(loaded):
    loaded.source("delete from users where user_id = 'U1'")
    loaded.source("update users set age = 90 where user_id = 'U2'")
    change(loaded, "M1", views_count=1000)
    loaded.product.content.delete_one({"content_id": "M2"})
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    tamper(loaded, "update raw.mongo_movies set views_count = 5 where content_id = 'M3'")
    message = difference(loaded)
    assert "First keys: U3 (age 23 in the source, 99 in raw)." in message
    assert "First keys: M3 (views_count 3 in the source, 5 in raw)." in message


def test_difference_that_the_source_has_changed_since_names_no_key(loaded):
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    loaded.source("update users set age = 90 where user_id = 'U3'")
    assert "No key differs any more" in difference(loaded)


def test_row_written_by_a_transaction_that_ends_after_the_load_is_no_difference(loaded):
    slow = loaded.platform.connect("app")
    with slow.cursor() as cursor:
        cursor.execute("insert into users (user_id, age, registration_date) values ('U8', 30, '2022-10-02')")
        load(loaded)
        slow.commit()
    assert reconcile(loaded)["postgres_users"] == 7
    load(loaded)
    assert reconcile(loaded)["postgres_users"] == 8


# What was rejected.


def test_rejected_and_repeated_rows_are_no_difference(loaded):
    loaded.seed_users(*USER_ROWS, USER_ROWS[0], "U8,old,Peru,Basic,2022-10-02,1")
    now = loaded.product.command("hello")["localTime"]
    bad = {"content_id": "M8", "content_type": "movie", "title": "Film", "rating": "good", "genre": ["Drama"]}
    game = {"content_id": "X1", "content_type": "game", "title": "Game"}
    for document in (bad, game):
        loaded.product.content.insert_one(document | {"updated_at": now}, bypass_document_validation=True)
    load(loaded)
    assert len(loaded.quarantine()) == 4
    assert reconcile(loaded) == TABLES


@pytest.mark.parametrize("later_batch", [False, True])
def test_document_whose_newer_version_was_rejected_is_no_difference(loaded, later_batch):
    change(loaded, "M1", rating="good", views_count=1000, genre=["Drama"])
    load(loaded)
    if later_batch:
        # Read no more: it is in the quarantine of the batch before.
        loaded.warehouse("update ops.watermarks set watermark = watermark + interval '1 hour'")
        load(loaded, "run 2")
    assert [row["batch_id"] for row in loaded.quarantine()] == ["run 1"]
    assert reconcile(loaded) == TABLES


def test_document_that_was_mended_is_compared_again(loaded):
    change(loaded, "M1", rating="good")
    load(loaded)
    change(loaded, "M1", rating=8.5)
    load(loaded, "run 2")
    assert reconcile(loaded, "run 2") == TABLES
    tamper(loaded, "update raw.mongo_movies set rating = 1 where content_id = 'M1'")
    assert "M1 (rating 8.5 in the source, 1 in raw)" in difference(loaded)


# Around it.


def test_load_that_is_killed_leaves_the_figures_of_what_raw_holds(loaded, killed):
    loaded.source("delete from users where user_id = 'U1'")
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError):
        load(loaded)
    assert reconcile(loaded) == TABLES


def test_comparison_that_is_killed_records_nothing_and_is_tried_again(loaded, monkeypatch):
    def stage(*_):
        raise psycopg2.OperationalError("the worker was killed")

    with monkeypatch.context() as patch:
        patch.setattr("include.extract_load.mongo.stage", stage)
        with pytest.raises(psycopg2.OperationalError):
            reconcile(loaded)
    assert loaded.warehouse("select * from ops.reconciliations") == []
    assert reconcile(loaded) == TABLES


def test_load_waits_until_its_table_is_compared(loaded, monkeypatch, in_background):
    publish(loaded)
    other = loaded.platform.connect("elt_loader")

    def begins_to_load(*arguments):
        with other.cursor() as cursor:
            cursor.execute("set lock_timeout = 100")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                lock_loads(cursor, "postgres_users")
        other.rollback()
        return measured(*arguments)

    measured = reconcile_module.remembered_fingerprint
    with monkeypatch.context() as patch:
        patch.setattr(
            reconcile_module,
            "remembered_fingerprint",
            lambda *arguments: begins_to_load(*arguments) if arguments[1] == USERS else measured(*arguments),
        )
        assert compare(loaded) == TABLES
    with other.cursor() as cursor:
        lock_loads(cursor, "postgres_users")


def test_make_reconcile_shows_the_last_run(loaded, capsys):
    assert print_last_run(loaded.loader) == 1
    assert "make demo" in capsys.readouterr().err
    reconcile(loaded)
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    with pytest.raises(DataQualityError):
        compare(loaded, "run 2")
    assert print_last_run(loaded.loader) == 1
    out = capsys.readouterr().out
    assert out.startswith("run 2, ")
    differing = [line.split() for line in out.splitlines() if "differs" in line]
    assert differing == [["postgres_users", "sum(age)", "168", "244", "168", "differs"]]
    assert "trusted" in out.splitlines()[2]
    loaded.warehouse("delete from ops.reconciliations where batch_id = 'run 2'")
    assert print_last_run(loaded.loader) == 0
