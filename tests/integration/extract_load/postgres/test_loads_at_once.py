"""Loads at the same time: of one table they follow one another, of two they do not wait."""

import pytest

from include.errors import TransientError
from include.extract_load import load_table
from include.run import Run
from tests.integration.extract_load.postgres.users import INSERT, STRICT_USERS, assert_raw_is_the_source
from tests.integration.helpers.loads import WAITING_FOR_A_LOCK, counts
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS, VIEWING_SESSIONS

WAITING_FOR_A_ROW = "select 1 from pg_stat_activity where %s = any (pg_blocking_pids(pid))"


def test_two_loads_of_a_table_follow_one_another(pipeline, first_held, eventually, in_background):
    pipeline.seed_users(ANA, BEN)
    first_has_written, first_may_commit = first_held("extract_load.loading")

    def extract(name):
        reader, loader = (pipeline.platform.connect(role) for role in ("elt_reader", "elt_loader"))
        return load_table(reader, loader, STRICT_USERS, Run(pipeline.batch(name)))[0]

    first = in_background(extract, "first")
    assert first_has_written.wait(10)
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    second = in_background(extract, "second")
    eventually(lambda: pipeline.warehouse(WAITING_FOR_A_LOCK))
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


def test_row_that_somebody_else_changes_meanwhile_ends_the_load(pipeline, eventually, in_background):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    with pipeline.platform.connect("elt_loader") as other, other.cursor() as cursor:
        cursor.execute("update raw.postgres_users set age = 1 where user_id = 'U0002'")
        load = in_background(pipeline.extract)
        eventually(lambda: pipeline.warehouse(WAITING_FOR_A_ROW, cursor.connection.info.backend_pid))
    with pytest.raises(TransientError, match="postgres_users: somebody else changed its rows"):
        load.result(20)
    assert pipeline.raw()["U0002"]["age"] == 1
    assert pipeline.extract().updated == 1
    assert_raw_is_the_source(pipeline)
