"""Deletions are found by the keys, which travel only when one of them is gone."""

import psycopg2
import pytest

from tests.integration.extract_load.postgres.users import (
    INSERT,
    MANY,
    STRICT_USERS,
    assert_raw_is_the_source,
)
from tests.integration.helpers.loads import counts


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
