"""From the PostgreSQL source into raw: what is read, what is stamped, and what a failure leaves behind."""

import dataclasses
import logging
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from include.errors import SchemaDriftError
from include.extract_load import load_table, postgres
from include.ops.load_runs import record_load
from include.run import Run
from include.tables import USERS, VIEWING_SESSIONS

ANA = "U0001,21,Argentina,Basic,2022-10-02,58.0"
BEN = "U0002,35,Brazil,Premium,2023-01-15,120.5"
CAT = "U0003,48,Chile,Standard,2021-06-30,9"
VALUES = [column.name for column in USERS.raw_columns]
STAMPS = ("_batch_id", "_as_of", "_loaded_at", "_deleted_at")
# No second chance by reading a little again: what is found is found by the watermark itself.
STRICT_USERS = dataclasses.replace(USERS, overlap=timedelta(0))
INSERT = "insert into users (user_id, age, registration_date) values (%s, %s, '2022-10-02')"


def counts(load):
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def stamps(row):
    return {name: row[name] for name in STAMPS}


def live(rows):
    return {key: row for key, row in rows.items() if row["_deleted_at"] is None}


def values(rows):
    return {key: [row[name] for name in VALUES] for key, row in rows.items()}


def assert_raw_is_the_source(pipeline):
    raw, source = live(pipeline.raw()), pipeline.source_users()
    assert values(raw) == values(source)
    return raw


# What a load brings.


def test_first_load_brings_every_row_with_its_stamps(pipeline):
    pipeline.seed_users(ANA, BEN)
    before = datetime.now(UTC)
    load = pipeline.extract()
    assert counts(load) == {"read": 2, "inserted": 2}
    raw = assert_raw_is_the_source(pipeline)
    assert raw["U0001"]["total_watch_time_hours"] == Decimal("58.0")
    assert stamps(raw["U0001"]) == {
        "_batch_id": "run 1",
        "_as_of": date(2024, 9, 1),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }
    assert before < load.started_at < datetime.now(UTC)
    assert raw["U0001"]["_source_updated_at"] == pipeline.source_users()["U0001"]["updated_at"]


def test_load_is_recorded_with_its_numbers_and_watermark(pipeline):
    pipeline.seed_users(ANA, BEN)
    load = pipeline.extract()
    pipeline.source("delete from users where user_id = 'U0001'")
    pipeline.source("update users set age = 36")
    pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    runs = [row for row in pipeline.load_runs() if row["stage"] == "extract"]
    assert [row["table_name"] for row in runs] == ["postgres_users"] * 2
    names = ("read", "inserted", "updated", "unchanged", "quarantined", "deleted")
    assert [[row[f"rows_{name}"] for name in names] for row in runs] == [
        [2, 2, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 1],
    ]
    assert runs[0]["watermark"] == load.watermark
    (watermark,) = pipeline.warehouse("select * from ops.watermarks")
    assert (watermark["table_name"], watermark["batch_id"]) == ("postgres_users", "run 2")
    assert watermark["watermark"] == runs[1]["watermark"] > runs[0]["watermark"]


def test_nothing_changed_nothing_stamped(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    again = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(again) == {"read": 2, "unchanged": 2}
    assert pipeline.raw() == before
    # Beyond the overlap nothing is even read.
    later = pipeline.extract(STRICT_USERS, pipeline.batch("run 3", "2024-09-03"))
    assert counts(later) == {}
    assert pipeline.raw() == before
    assert len(before) == 2


def test_update_stamps_its_row_only(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("update users set country = 'Peru', age = null where user_id = 'U0001'")
    load = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}
    after = assert_raw_is_the_source(pipeline)
    assert after["U0002"] == before["U0002"]
    assert (after["U0001"]["country"], after["U0001"]["age"]) == ("Peru", None)
    assert stamps(after["U0001"]) == {
        "_batch_id": "run 2",
        "_as_of": date(2024, 9, 2),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }
    assert after["U0001"]["_source_updated_at"] > before["U0001"]["_source_updated_at"]


def test_deleted_row_is_marked_once(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("delete from users where user_id = 'U0001'")
    load = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 1, "unchanged": 1, "deleted": 1}
    after = pipeline.raw()
    assert after["U0002"] == before["U0002"]
    assert values(after) == values(before)
    assert stamps(after["U0001"]) == {
        "_batch_id": "run 2",
        "_as_of": date(2024, 9, 2),
        "_loaded_at": load.started_at,
        "_deleted_at": load.started_at,
    }
    assert counts(pipeline.extract(batch=pipeline.batch("run 3"))) == {"read": 1, "unchanged": 1}
    assert pipeline.raw() == after


@pytest.mark.parametrize("age", [21, 22])
def test_row_that_returns_lives_again(pipeline, age):
    insert = "insert into users (user_id, age, registration_date, created_at)"
    insert += " values ('U0001', %s, '2022-10-02', '2024-01-01')"
    pipeline.source(insert, 21)
    pipeline.extract()
    pipeline.source("delete from users")
    pipeline.extract(batch=pipeline.batch("run 2"))
    # The same row to the last value, or another.
    pipeline.source(insert, age)
    load = pipeline.extract(batch=pipeline.batch("run 3", "2024-09-03"))
    assert counts(load) == {"read": 1, "updated": 1}
    row = assert_raw_is_the_source(pipeline)["U0001"]
    assert row["age"] == age
    assert stamps(row) == {
        "_batch_id": "run 3",
        "_as_of": date(2024, 9, 3),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }


def test_whole_table_may_be_emptied(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.source("truncate users")
    assert counts(pipeline.extract(batch=pipeline.batch("run 2"))) == {"deleted": 2}
    assert live(pipeline.raw()) == {}
    assert len(pipeline.raw()) == 2


def test_empty_source_loads_nothing(pipeline):
    assert counts(pipeline.extract()) == {}
    assert pipeline.raw() == {}
    pipeline.seed_users(ANA)
    assert counts(pipeline.extract()) == {"read": 1, "inserted": 1}


def test_touched_row_keeps_its_stamps(own_pipeline):
    pipeline = own_pipeline
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("update users set age = age")
    assert counts(pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))) == {}
    pipeline.source("alter table users disable trigger touch_updated_at")
    pipeline.source("update users set updated_at = now()")
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 3"))
    assert counts(load) == {"read": 2, "unchanged": 2}
    assert pipeline.raw() == before


def test_sessions_are_loaded_as_users_are(pipeline):
    pipeline.seed_sessions("S1,U0001,M1,2024-02-16,9,18.8,Desktop,4K", "S2,nobody,,2024-02-17,0.25,100,,")
    assert counts(pipeline.extract(VIEWING_SESSIONS)) == {"read": 2, "inserted": 2}
    rows = pipeline.raw("postgres_viewing_sessions")
    assert [rows["S2"][column.name] for column in VIEWING_SESSIONS.columns] == [
        "S2",
        "nobody",
        None,
        date(2024, 2, 17),
        Decimal("0.25"),
        Decimal("100"),
        None,
        None,
    ]
    assert pipeline.raw() == {}


def test_values_arrive_as_they_are(pipeline):
    texts = [
        "tab\tline\nreturn\rback\\slash \\N \\. \"quoted\" 'single'",
        "名前 🎬 naïve \u202e \u0001",
        "",
        " ",
        None,
        "'); drop table raw.postgres_users; --",
        "x" * 3_000_000,
    ]
    for number, text in enumerate(texts):
        pipeline.source(
            "insert into users values (%s, %s, %s, 'Basic', '1900-01-01', 0.10)", f"U{number}", number, text
        )
    assert counts(pipeline.extract()) == {"read": len(texts), "inserted": len(texts)}
    rows = assert_raw_is_the_source(pipeline)
    assert [rows[f"U{number}"]["country"] for number in range(len(texts))] == texts
    # numeric keeps how it was written.
    assert str(rows["U0"]["total_watch_time_hours"]) == "0.10"


def test_source_with_other_types_is_made_the_warehouses(own_pipeline):
    own_pipeline.source("alter table users alter age type smallint, alter country type varchar(50)")
    own_pipeline.source("alter table users alter user_id type varchar(10)")
    own_pipeline.seed_users(ANA)
    assert counts(own_pipeline.extract()) == {"read": 1, "inserted": 1}
    assert_raw_is_the_source(own_pipeline)


def test_as_of_never_goes_backwards(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    pipeline.source("update users set age = 22 where user_id = 'U0001'")
    pipeline.source("delete from users where user_id = 'U0002'")
    load = pipeline.extract(batch=pipeline.batch("run 1", "2024-09-01"))
    assert counts(load) == {"read": 1, "updated": 1, "deleted": 1}
    raw = pipeline.raw()
    assert [(row["_batch_id"], row["_as_of"]) for row in raw.values()] == [("run 1", date(2024, 9, 2))] * 2
    assert {row["_loaded_at"] for row in raw.values()} == {load.started_at}


def test_stamps_of_later_loads_are_later(pipeline):
    pipeline.source(INSERT, "U0001", 0)
    seen = []
    for age in range(1, 6):
        pipeline.source("update users set age = %s", age)
        pipeline.extract(batch=pipeline.batch(f"run {age}"))
        seen.append(pipeline.raw()["U0001"]["_loaded_at"])
    assert seen == sorted(set(seen))
    assert len(seen) == 5


# Commits that come late.


def test_row_committed_after_the_load_that_could_not_see_it_is_found(pipeline):
    with pipeline.app.cursor() as late:
        late.execute(INSERT, ("late", 21))
        pipeline.source(INSERT, "early", 21)
        pipeline.extract(STRICT_USERS)
        assert list(pipeline.raw()) == ["early"]
        # Others go on, and so does the watermark.
        pipeline.source(INSERT, "next", 21)
        pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
        assert sorted(pipeline.raw()) == ["early", "next"]
    pipeline.app.commit()
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 3"))
    assert load.inserted == 1
    assert sorted(assert_raw_is_the_source(pipeline)) == ["early", "late", "next"]
    assert pipeline.raw()["early"]["_batch_id"] == "run 1"


def test_change_committed_late_is_found(pipeline):
    for key in ("updated", "deleted", "other"):
        pipeline.source(INSERT, key, 21)
    pipeline.extract(STRICT_USERS)
    with pipeline.app.cursor() as late:
        late.execute("update users set age = 50 where user_id = 'updated'")
        late.execute("delete from users where user_id = 'deleted'")
        pipeline.source("update users set age = 22 where user_id = 'other'")
        load = pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
        assert (load.updated, load.deleted) == (1, 0)
    pipeline.app.commit()
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 3"))
    assert (load.updated, load.deleted) == (1, 1)
    assert assert_raw_is_the_source(pipeline)["updated"]["age"] == 50
    # Then the watermark catches up, and nothing is read again.
    assert counts(pipeline.extract(STRICT_USERS, pipeline.batch("run 4"))) == {}


def test_watermark_waits_for_a_transaction_that_has_not_written_yet(pipeline):
    with pipeline.app.cursor() as late:
        late.execute("select now()")
        opened = late.fetchone()[0]
        pipeline.extract(STRICT_USERS)
        assert pipeline.warehouse("select watermark from ops.watermarks") == [{"watermark": opened}]
        # updated_at is when its transaction began, before that load.
        late.execute(INSERT, ("late", 21))
    pipeline.app.commit()
    assert pipeline.source_users()["late"]["updated_at"] == opened
    assert counts(pipeline.extract(STRICT_USERS)) == {"read": 1, "inserted": 1}


def test_transactions_of_other_databases_do_not_hold_the_watermark(pipeline):
    with pipeline.platform.connect("elt_loader").cursor() as elsewhere:
        elsewhere.execute("select now()")
        opened = elsewhere.fetchone()[0]
        pipeline.extract(STRICT_USERS)
        assert pipeline.warehouse("select watermark from ops.watermarks")[0]["watermark"] > opened


def test_watermark_never_goes_backwards(pipeline):
    pipeline.extract()
    pipeline.warehouse("update ops.watermarks set watermark = '2999-01-01'")
    pipeline.extract(batch=pipeline.batch("run 2"))
    (row,) = pipeline.warehouse("select watermark, batch_id from ops.watermarks")
    assert row == {"watermark": datetime(2999, 1, 1, tzinfo=UTC), "batch_id": "run 2"}


def test_zone_of_a_session_does_not_matter(pipeline):
    for connection in (pipeline.loader, pipeline.reader):
        with connection.cursor() as cursor:
            cursor.execute("set time zone 'America/Los_Angeles'")
        connection.commit()
    pipeline.seed_users(ANA)
    pipeline.extract(STRICT_USERS)
    pipeline.source("update users set age = 22")
    assert counts(pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))) == {"read": 1, "updated": 1}
    assert_raw_is_the_source(pipeline)


def test_source_without_our_function_is_read_with_a_warning(own_pipeline, caplog):
    platform = own_pipeline.platform
    platform.env["WAREHOUSE_DB"], warehouse = platform.env["SOURCE_DB"], platform.env["WAREHOUSE_DB"]
    platform.query("admin", "drop schema elt cascade")
    platform.env["WAREHOUSE_DB"] = warehouse
    own_pipeline.seed_users(ANA)
    with caplog.at_level(logging.WARNING):
        assert counts(own_pipeline.extract()) == {"read": 1, "inserted": 1}
    assert (
        "The source has no elt.oldest_transaction_start(): only the overlap covers late commits"
        in caplog.text
    )
    own_pipeline.source("update users set age = 22")
    assert counts(own_pipeline.extract(batch=own_pipeline.batch("run 2"))) == {"read": 1, "updated": 1}


# Failures.

# More than the pipe holds, so that both ends are at work when one of them breaks.
WIDE = "select 'U' || n as user_id, 21 as age, repeat('x', 1000) as country, 'Basic' as subscription_type,"
WIDE += " date '2022-10-02' as registration_date, {hours} as total_watch_time_hours, now() as created_at,"
WIDE += " now() as updated_at from generate_series(1, 30000) as n"


# What libpq says of a server that went away depends on what it was about to do.
GONE = "terminating connection|server closed the connection|invalid socket|server login has been failing"


def replace_users_by_a_view(pipeline, hours):
    pipeline.source("alter table users rename to users_table")
    pipeline.source(f"create view users as {WIDE.format(hours=hours)}")


def assert_still_usable(pipeline):
    """Check that what was loaded before is there, and that the next load completes."""
    pipeline.source("drop view users")
    pipeline.source("alter table users_table rename to users")
    pipeline.source("update users set age = 99")
    pipeline.reader, pipeline.loader = (pipeline.platform.connect(r) for r in ("elt_reader", "elt_loader"))
    assert counts(pipeline.extract(batch=pipeline.batch("run 3"))) == {"read": 1, "updated": 1}
    assert_raw_is_the_source(pipeline)


def test_crash_before_the_commit_leaves_rows_and_watermark(pipeline, killed):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.seed_users(BEN.replace("35", "36"), CAT, batch=pipeline.batch("run 2"))
    before = pipeline.state()
    second = pipeline.batch("run 2", "2024-09-02")
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract(STRICT_USERS, second)
    assert pipeline.state() == before
    load = pipeline.extract(STRICT_USERS, second)
    assert counts(load) == {"read": 2, "inserted": 1, "updated": 1, "deleted": 1}
    assert_raw_is_the_source(pipeline)


def test_error_of_the_source_in_mid_stream_is_raised_and_leaves_raw(own_pipeline, in_background):
    pipeline = own_pipeline
    pipeline.seed_users(ANA)
    pipeline.extract()
    before = [pipeline.raw(), pipeline.warehouse("select * from ops.watermarks"), pipeline.load_runs()]
    replace_users_by_a_view(pipeline, "1 / (n - 29000)")
    with pytest.raises(psycopg2.errors.DivisionByZero, match="division by zero"):
        in_background(pipeline.extract).result(20)
    assert before == [
        pipeline.raw(),
        pipeline.warehouse("select * from ops.watermarks"),
        pipeline.load_runs(),
    ]
    assert list(before[0]) == ["U0001"]
    assert_still_usable(pipeline)


def test_source_that_dies_in_mid_stream_is_named_and_leaves_raw(own_pipeline, eventually, in_background):
    pipeline = own_pipeline
    pipeline.seed_users(ANA)
    pipeline.extract()
    before = pipeline.raw()
    replace_users_by_a_view(pipeline, "case when n > 20000 then length(pg_sleep(5)::text) end")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'elt_reader'"
    end += " and datname = %s and wait_event = 'PgSleep'"
    load = in_background(pipeline.extract)
    with pipeline.admin.cursor() as admin:
        eventually(lambda: admin.execute(end, (pipeline.platform.env["SOURCE_DB"],)) or admin.rowcount)
    with pytest.raises(psycopg2.OperationalError, match=GONE):
        load.result(20)
    assert pipeline.raw() == before
    assert_still_usable(pipeline)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("pg_cancel_backend", psycopg2.errors.QueryCanceled, "canceling statement due to user request"),
        ("pg_terminate_backend", psycopg2.OperationalError, GONE),
    ],
    ids=["cancelled", "terminated"],
)
def test_error_of_the_warehouse_in_mid_stream_does_not_hang(
    own_pipeline, eventually, in_background, how, error, message
):
    pipeline = own_pipeline
    pipeline.seed_users(ANA)
    pipeline.extract()
    before = pipeline.raw()
    # The source goes on and on: it would fill the pipe and wait for ever.
    replace_users_by_a_view(pipeline, "case when n = 5000 then length(pg_sleep(0.2)::text) end")
    end = f"select {how}(pid) from pg_stat_activity where usename = 'elt_loader' and datname = %s"
    end += " and query like 'copy%%stage_postgres_users%%' and state = 'active'"
    load = in_background(pipeline.extract)
    with pipeline.admin.cursor() as admin:
        eventually(lambda: admin.execute(end, (pipeline.platform.env["WAREHOUSE_DB"],)) or admin.rowcount)
    with pytest.raises(error, match=message):
        load.result(20)
    assert pipeline.raw() == before
    assert_still_usable(pipeline)


def test_lost_right_to_read_is_named(own_pipeline, in_background):
    own_pipeline.seed_users(ANA)
    own_pipeline.source("revoke select on users from elt_reader")
    with pytest.raises(
        SchemaDriftError, match=r'may not read .* users.*grant select on "users" to elt_reader'
    ):
        in_background(own_pipeline.extract).result(20)
    own_pipeline.source("grant select on users to elt_reader")
    assert counts(own_pipeline.extract()) == {"read": 1, "inserted": 1}


def test_two_loads_of_a_table_follow_one_another(pipeline, monkeypatch, eventually, in_background):
    pipeline.seed_users(ANA, BEN)
    first_has_written, first_may_commit = threading.Event(), threading.Event()

    def record_slowly(warehouse, load, batch):
        if batch.batch_id == "first":
            first_has_written.set()
            assert first_may_commit.wait(10)
        record_load(warehouse, load, batch)

    def extract(name):
        reader, loader = (pipeline.platform.connect(role) for role in ("elt_reader", "elt_loader"))
        return load_table(reader, loader, STRICT_USERS, Run(pipeline.batch(name)))[0]

    waiting = (
        "select 1 from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    monkeypatch.setattr("include.extract_load.loading.record_load", record_slowly)
    first = in_background(extract, "first")
    assert first_has_written.wait(10)
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    second = in_background(extract, "second")
    eventually(lambda: pipeline.warehouse(waiting))
    first_may_commit.set()
    first, second = first.result(10), second.result(10)
    assert counts(first) == {"read": 2, "inserted": 2}
    assert second.updated == 1
    rows = assert_raw_is_the_source(pipeline)
    assert [rows[key]["_batch_id"] for key in ("U0001", "U0002")] == ["first", "second"]
    assert rows["U0002"]["_loaded_at"] > rows["U0001"]["_loaded_at"]


def test_load_that_waited_is_stamped_when_it_began_to_read(pipeline):
    pipeline.source(INSERT, "U0001", 21)
    # Its transaction is older than the load that overtakes it.
    with pipeline.loader.cursor() as cursor:
        cursor.execute("select 1")
    load_table(pipeline.reader, pipeline.platform.connect("elt_loader"), USERS, Run(pipeline.batch("first")))
    before = pipeline.raw()["U0001"]
    pipeline.source("update users set age = 22")
    pipeline.extract(batch=pipeline.batch("second"))
    after = pipeline.raw()["U0001"]
    assert (before["_batch_id"], after["_batch_id"]) == ("first", "second")
    assert after["_loaded_at"] > before["_loaded_at"]


def test_loads_of_two_tables_do_not_wait_for_each_other(pipeline, in_background):
    pipeline.seed_users(ANA)
    pipeline.seed_sessions("S1,U0001,M1,2024-02-16,9,18.8,Desktop,4K")
    with pipeline.platform.connect("elt_loader").cursor() as other:
        other.execute("select pg_advisory_xact_lock(hashtext('load ' || 'postgres_users'))")
        assert counts(in_background(pipeline.extract, VIEWING_SESSIONS).result(20)) == {
            "read": 1,
            "inserted": 1,
        }


# What a load leaves alone: on the page too.

PLACE = "select user_id, ctid::text, xmin::text, xmax::text from raw.postgres_users order by 1"


def test_row_that_is_read_again_unchanged_is_neither_written_nor_locked(pipeline):
    pipeline.source(INSERT, "U0001", 21)
    pipeline.source(INSERT, "U0002", 35)
    pipeline.extract()
    before = pipeline.warehouse(PLACE)
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    load = pipeline.extract(batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}
    after = pipeline.warehouse(PLACE)
    assert after[0] == before[0]
    assert after[1]["ctid"] != before[1]["ctid"]


def test_everything_compared_anew_writes_no_row(pipeline):
    pipeline.source(MANY, 3000)
    pipeline.extract()
    before = pipeline.warehouse(PLACE)
    pipeline.warehouse("delete from ops.watermarks")
    load = pipeline.extract(batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 3000, "unchanged": 3000}
    assert pipeline.warehouse(PLACE) == before


def test_load_does_not_wait_for_a_row_that_it_need_not_write(pipeline, in_background):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    with pipeline.platform.connect("elt_loader").cursor() as other:
        other.execute("select 1 from raw.postgres_users where user_id = 'U0001' for update")
        load = in_background(pipeline.extract, USERS, pipeline.batch("run 2")).result(20)
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}


def test_changed_row_stays_on_its_page_and_leaves_the_indexes_alone(own_pipeline):
    pipeline = own_pipeline
    pipeline.source(MANY, 3000)
    pipeline.extract()
    pages = "select user_id, (ctid::text::point)[0] as page from raw.postgres_users order by 1"
    before = pipeline.warehouse(pages)
    pipeline.source("update users set age = age + 1 where user_id like 'U%9'")
    assert pipeline.extract(batch=pipeline.batch("run 2")).updated == 300
    assert pipeline.warehouse(pages) == before
    assert len({row["page"] for row in before}) > 10
    with pipeline.loader.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
    pipeline.loader.commit()
    (done,) = pipeline.warehouse(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'postgres_users'"
        " and schemaname = 'raw'"
    )
    assert (done["n_tup_upd"], done["n_tup_hot_upd"]) == (300, 300)


# The first load, straight into raw, and the keys that need not travel.

MANY = (
    "insert into users (user_id, age, registration_date, updated_at) select 'U' || n, n %% 100, '2022-10-02',"
)
MANY += " now() - interval '1 day' from generate_series(1, %s) as n"


@pytest.fixture
def index_of_raw(pipeline):
    """Return a function that tells which indexes raw.postgres_users has, and whether they work."""

    def index_of_raw():
        return pipeline.warehouse(
            "select indexrelid::regclass::text as name, indrelid, indisvalid, indisprimary from pg_index"
            " where indrelid = 'raw.postgres_users'::regclass order by 1"
        )

    return index_of_raw


@pytest.fixture
def ship_keys(monkeypatch):
    """Return the list of the tables whose keys travelled."""
    shipped = []
    stage_keys = postgres.stage_keys
    monkeypatch.setattr(
        postgres, "stage_keys", lambda *args: shipped.append(args[-1].name) or stage_keys(*args)
    )
    return shipped


def test_first_load_stamps_every_row_and_leaves_the_indexes(pipeline, index_of_raw):
    before = index_of_raw()
    pipeline.source(MANY, 3)
    load = pipeline.extract()
    assert counts(load) == {"read": 3, "inserted": 3}
    raw = assert_raw_is_the_source(pipeline)
    assert len(raw) == 3
    for key, row in raw.items():
        assert stamps(row) == {
            "_batch_id": "run 1",
            "_as_of": date(2024, 9, 1),
            "_loaded_at": load.started_at,
            "_deleted_at": None,
        }
        assert row["_source_updated_at"] == pipeline.source_users()[key]["updated_at"]
    assert index_of_raw() == before
    assert [index["name"] for index in before] == [
        "raw.postgres_users__loaded_at_utc",
        "raw.postgres_users_pkey",
    ]


def test_batch_id_arrives_as_it_is(pipeline):
    pipeline.seed_users(ANA)
    name = "manual__2024-09-01T00:00:00+00:00 'quoted' \\N %s {} 名前"
    pipeline.extract(batch=pipeline.batch(name))
    assert pipeline.raw()["U0001"]["_batch_id"] == name


def test_first_load_goes_straight_into_raw(pipeline, monkeypatch, ship_keys):
    def stage(*_):
        raise AssertionError("a temporary table was filled")

    pipeline.seed_users(ANA, BEN)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "stage", stage)
        assert counts(pipeline.extract()) == {"read": 2, "inserted": 2}
        with pytest.raises(AssertionError, match="temporary table"):
            pipeline.extract(batch=pipeline.batch("run 2"))
    assert ship_keys == []


def test_first_load_that_is_killed_leaves_nothing(pipeline, killed, index_of_raw):
    pipeline.seed_users(ANA, BEN)
    before, indexes = pipeline.state(), index_of_raw()
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract()
    assert (pipeline.state(), index_of_raw()) == (before, indexes)
    assert pipeline.raw() == {}
    assert counts(pipeline.extract()) == {"read": 2, "inserted": 2}


def test_error_in_mid_stream_of_the_first_load_leaves_nothing(own_pipeline, in_background):
    pipeline = own_pipeline
    before = pipeline.state()
    replace_users_by_a_view(pipeline, "1 / (n - 29000)")
    with pytest.raises(psycopg2.errors.DivisionByZero, match="division by zero"):
        in_background(pipeline.extract).result(20)
    pipeline.source("drop view users")
    pipeline.source("alter table users_table rename to users")
    assert pipeline.state() == before
    pipeline.seed_users(ANA)
    assert counts(pipeline.extract()) == {"read": 1, "inserted": 1}


def test_raw_that_was_emptied_by_hand_is_filled_again(pipeline):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    pipeline.warehouse("delete from raw.postgres_users")
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
    assert counts(load) == {"read": 3, "inserted": 3}
    assert_raw_is_the_source(pipeline)


def test_keys_travel_only_when_one_is_gone(pipeline, ship_keys):
    pipeline.source(MANY, 3)
    for number, (change, expected, shipped) in enumerate(
        [
            ("select 1", {"inserted": 3}, False),
            ("select 1", {}, False),
            ("update users set age = 99 where user_id = 'U1'", {"updated": 1}, False),
            ("insert into users values ('U4', 1, null, null, '2022-10-02')", {"inserted": 1}, False),
            ("delete from users where user_id = 'U2'", {"deleted": 1}, True),
            ("insert into users values ('U2', 1, null, null, '2022-10-02')", {"updated": 1}, False),
            ("select 1", {}, False),
        ]
    ):
        pipeline.source(change)
        ship_keys.clear()
        load = pipeline.extract(STRICT_USERS, pipeline.batch(f"run {number}"))
        done = {name: count for name, count in counts(load).items() if name not in {"read", "unchanged"}}
        assert (done, bool(ship_keys)) == (expected, shipped), change
        assert_raw_is_the_source(pipeline)


def test_delete_and_insert_in_the_same_interval_are_both_found(pipeline, ship_keys):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    pipeline.source("delete from users where user_id = 'U2'")
    pipeline.source(INSERT, "U9", 21)
    # As many keys as before, but not the same.
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
    assert counts(load) == {"read": 1, "inserted": 1, "deleted": 1}
    assert ship_keys == ["users"]
    assert sorted(assert_raw_is_the_source(pipeline)) == ["U1", "U3", "U9"]
    assert pipeline.raw()["U2"]["_deleted_at"] == load.started_at


@pytest.mark.parametrize("forget", ["update ops.watermarks set key_sum = null", "delete from ops.watermarks"])
def test_deletion_is_found_when_the_last_keys_are_not_known(pipeline, ship_keys, forget):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    pipeline.warehouse(forget)
    pipeline.source("delete from users where user_id = 'U2'")
    assert pipeline.extract(STRICT_USERS, pipeline.batch("run 2")).deleted == 1
    assert ship_keys == ["users"]
    assert_raw_is_the_source(pipeline)


def test_row_with_an_old_stamp_does_not_hide_a_deletion(pipeline):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    # Written with a stamp from before the watermark: no load by watermark sees it.
    insert = INSERT.replace(")", ", updated_at)", 1).replace("02')", "02', '2020-01-01')")
    pipeline.source(insert, "old", 1)
    pipeline.source("delete from users where user_id = 'U1'")
    assert pipeline.extract(STRICT_USERS, pipeline.batch("run 2")).deleted == 1
    pipeline.source("delete from users where user_id in ('old', 'U2')")
    assert pipeline.extract(STRICT_USERS, pipeline.batch("run 3")).deleted == 1
    assert sorted(assert_raw_is_the_source(pipeline)) == ["U3"]


def test_killed_load_forgets_the_keys_it_saw(pipeline, killed):
    pipeline.source(MANY, 3)
    pipeline.extract(STRICT_USERS)
    pipeline.source("delete from users where user_id = 'U2'")
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))
    assert counts(pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))) == {"deleted": 1}


# Any order of events.

KEYS = st.sampled_from(["U1", "U2", "U3", "U4"])
AGES = st.integers(0, 3)
ROWS = st.dictionaries(KEYS, AGES, min_size=1)
UPSERT = INSERT + " on conflict (user_id) do update set age = excluded.age"


class Days(RuleBasedStateMachine):
    """The product changes, loads come, repeat and fail; after each one raw must be the source."""

    pipeline = None
    killed = None

    def __init__(self) -> None:
        super().__init__()
        self.pipeline.source("delete from users")
        self.pipeline.warehouse("delete from raw.postgres_users; delete from ops.watermarks")
        self.run = 0
        self.late = None

    def teardown(self):
        self.pipeline.app.rollback()

    @initialize(rows=ROWS)
    def first_day(self, rows):
        self.write(rows)
        self.load(repeats=False)

    @rule(rows=ROWS)
    def write(self, rows):
        for key, age in rows.items():
            self.pipeline.source(UPSERT, key, age)

    @rule(keys=st.sets(KEYS, min_size=1))
    def delete(self, keys):
        self.pipeline.source("delete from users where user_id = any(%s)", list(keys))

    @rule(rows=ROWS, keys=st.sets(KEYS, min_size=1))
    def day(self, rows, keys):
        self.write(rows)
        self.delete(keys)
        self.load(repeats=False)

    @rule()
    def touch(self):
        # The trigger sees a change and moves the stamp, though no value is another.
        self.pipeline.source("update users set updated_at = clock_timestamp() where user_id <> 'late'")

    @precondition(lambda self: not self.late)
    @rule(age=AGES)
    def begin_late(self, age):
        with self.pipeline.app.cursor() as cursor:
            cursor.execute(UPSERT, ("late", age))
        self.late = True

    @precondition(lambda self: self.late)
    @rule(commits=st.booleans())
    def end_late(self, commits):
        self.pipeline.app.commit() if commits else self.pipeline.app.rollback()
        self.late = False

    @rule()
    def load_that_fails(self):
        before = self.pipeline.raw(), self.pipeline.warehouse("select * from ops.watermarks")
        with (
            self.killed("extract_load.loading"),
            pytest.raises(psycopg2.OperationalError, match="killed"),
        ):
            self.pipeline.extract(STRICT_USERS, self.pipeline.batch(f"failed {self.run}"))
        assert (self.pipeline.raw(), self.pipeline.warehouse("select * from ops.watermarks")) == before

    @rule(repeats=st.booleans())
    def load(self, repeats):
        before = self.pipeline.raw()
        self.run += not repeats
        batch = self.pipeline.batch(f"run {self.run}")
        load = self.pipeline.extract(STRICT_USERS, batch)
        after = self.pipeline.raw()
        source = self.pipeline.source_users()
        assert values(live(after)) == values(source)
        changed = {key for key, row in after.items() if row != before.get(key)}
        for key in changed:
            said = [before[key][name] for name in VALUES] if key in before else None
            assert (said, key in live(before)) != ([after[key][name] for name in VALUES], key in live(after))
            assert (after[key]["_batch_id"], after[key]["_loaded_at"]) == (batch.batch_id, load.started_at)
        assert load.inserted + load.updated + load.deleted == len(changed)


def test_any_order_of_changes_loads_and_failures_ends_equal(pipeline, killed):
    machine = type("OwnDays", (Days,), {"pipeline": pipeline, "killed": staticmethod(killed)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Guard against examples that change nothing. How many rows are read again depends on the clock.
    names = ("inserted", "updated", "unchanged", "deleted")
    (done,) = pipeline.warehouse(
        f"select {', '.join(f'sum(rows_{n})::int as {n}' for n in names)} from ops.load_runs"
    )
    assert min(done.values()) > 5, done
