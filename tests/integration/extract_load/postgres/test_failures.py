"""Loads that fail: what was loaded before stays, the error is named, and the next load completes."""

import psycopg2
import pytest

from include.errors import SchemaDriftError
from tests.integration.extract_load.postgres.broken_stream import replace_users_by_a_view
from tests.integration.extract_load.postgres.users import STRICT_USERS, assert_raw_is_the_source
from tests.integration.helpers.loads import counts
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, CAT

# What libpq says of a server that went away depends on what it was about to do.
GONE = "terminating connection|server closed the connection|invalid socket|server login has been failing"


def assert_still_usable(pipeline: Pipeline) -> None:
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
        SchemaDriftError,
        match=r'may not read .*public.users.*: grant select on "public"."users" to elt_reader',
    ):
        in_background(own_pipeline.extract).result(20)
    own_pipeline.source("grant select on users to elt_reader")
    assert counts(own_pipeline.extract()) == {"read": 1, "inserted": 1}
