"""The numbers of a load."""

from datetime import UTC, datetime

from include.ops.load_runs import Load


def test_what_was_read_and_not_touched_is_unchanged() -> None:
    load = Load("seed", "users", datetime.now(UTC), read=10, inserted=2, updated=3, deleted=4, quarantined=1)
    assert load.unchanged == 4
    assert load.summary() == {
        "table": "users",
        "read": 10,
        "inserted": 2,
        "updated": 3,
        "unchanged": 4,
        "deleted": 4,
        "quarantined": 1,
    }
