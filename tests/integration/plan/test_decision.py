"""What becomes of a run's star, decided on real stars and kept in ops.plans."""

import pytest

from include.errors import DataQualityError
from include.plan import Wishes, decide
from include.settings import Thresholds
from tests.integration.publish.generated_days import Days

# Every run exceeds it: no day is new enough.
STRICT = Thresholds(changed_share=1, moved_share=1, late_days=-1)
# Of a star this small a day changes much.
LENIENT = Thresholds(changed_share=1, moved_share=1, late_days=9)
KEPT = "select decision, cardinality(reasons), days, tables, moves, page from ops.plans where batch_id = %s"


def decided(days: Days, wishes: Wishes, thresholds: Thresholds) -> str:
    loader, publisher = (days.platform.connect(role) for role in ("elt_loader", "dbt_transformer"))
    return decide(loader, publisher, days.batch(1), wishes, thresholds)


def kept(days: Days) -> tuple:
    (row,) = days.platform.query("elt_loader", KEPT, "day 1")
    return row


@pytest.mark.parametrize(
    ("wishes", "thresholds", "decision"),
    [
        (Wishes(), LENIENT, "publish"),
        (Wishes(publish="ask"), LENIENT, "ask"),
        (Wishes(), STRICT, "ask"),
        (Wishes(quality_gate="warn"), STRICT, "publish"),
        (Wishes(quality_gate="warn", publish="ask"), STRICT, "ask"),
        (Wishes(quality_gate="stop", publish="no"), STRICT, "keep"),
        (Wishes(publish="no"), LENIENT, "keep"),
    ],
)
def test_thresholds_and_the_trigger_decide(days, wishes, thresholds, decision):
    assert decided(days, wishes, thresholds) == decision
    found, reasons, new_days, tables, moves, page = kept(days)
    assert (found, new_days, bool(reasons)) == (decision, 1, thresholds is STRICT)
    fact = tables["fct_viewing_sessions"]
    assert fact["rows_after"] == fact["rows_before"] + fact["added"] - fact["removed"]
    assert {move["metric"] for move in moves} >= {"sessions", "watch_hours"}
    assert "fct_viewing_sessions" in page
    assert "tot_" not in page


def test_a_run_that_is_to_stop_says_why_and_what_to_do(days):
    with pytest.raises(DataQualityError, match=r"ASK_LATE_DAYS.*make plan.*quality_gate=warn"):
        decided(days, Wishes(quality_gate="stop"), STRICT)
    assert kept(days)[0] == "stop"


def test_rejected_rows_of_the_run_count(days):
    insert = (
        "insert into ops.load_runs (batch_id, as_of, stage, table_name, started_at, seconds, rows_read,"
        " rows_inserted, rows_updated, rows_unchanged, rows_quarantined, rows_deleted)"
        " values ('day 1', '2024-09-02', 'extract', 'users_of_a_test', now(), 1, 200, 0, 0, 150, 50, 0)"
    )
    days.platform.query("elt_loader", insert)
    assert decided(days, Wishes(), LENIENT) == "ask"
    assert "25.0% of the rows of users_of_a_test were rejected" in kept(days)[-1]


def test_what_the_last_runs_brought_is_what_is_usual(days):
    days.platform.query("elt_loader", "delete from ops.load_runs where table_name = 'users_of_a_test'")
    assert decided(days, Wishes(), LENIENT) == "publish"
    days.platform.query(
        "elt_loader",
        "insert into ops.plans (batch_id, as_of, decision, reasons, days, tables, page)"
        " select 'before ' || i, date '2024-08-01' + i, 'publish', '{}', 1,"
        """ '{"fct_viewing_sessions": {"added": 5000}}', '' from generate_series(1, 7) as i""",
    )
    assert decided(days, Wishes(), LENIENT) == "ask"
    assert "the last 7 runs brought 5,000" in kept(days)[-1]
