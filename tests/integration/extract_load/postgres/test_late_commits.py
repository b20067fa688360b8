"""Commits that come late: no row is missed, however long its transaction took."""

import logging
from datetime import UTC, datetime

from tests.integration.extract_load.postgres.users import INSERT, STRICT_USERS, assert_raw_is_the_source
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import ANA


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
