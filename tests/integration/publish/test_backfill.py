"""Days that are staged, unseen by readers, and published once give the star of the daily runs.

Scenario: one warehouse gets each day as a daily run would bring it, another the same days as a backfill.
`make test-month` does it with a month of days.
"""

import os

import pytest

from include.publish import rollback
from include.run import Batch
from tests.conftest import Platform, new_platform
from tests.integration.publish.generated_days import Days

pytestmark = pytest.mark.nightly

LAST = int(os.environ.get("DAYS") or 4) - 1


@pytest.fixture(scope="module")
def daily(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Days 0 to LAST, each loaded, built and published."""
    days = Days(warehouse, tmp_path_factory.mktemp("daily"))
    for number in range(LAST + 1):
        days.next_day(number)
        # A month of connections would be too many.
        days.platform.close()
    return days


@pytest.fixture(scope="module")
def staged(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Day 0 is published; those after it are loaded and built into the next star, one after the other."""
    days = Days(new_platform(servers), tmp_path_factory.mktemp("staged"))
    days.next_day(0)
    before = days.seen()
    for number in range(1, LAST + 1):
        assert days.build(days.load(number)).returncode == 0
        days.platform.close()
    assert days.seen() == before
    return days


def test_days_that_were_staged_and_published_at_the_end_equal_daily_runs(staged, daily):
    before = staged.star()
    # The run that asks: nothing is new in raw, but readers do not have it yet.
    asking = Batch("asks", staged.batch(LAST).as_of)
    assert staged.build(asking).returncode == 0
    assert staged.publish(asking) == 2
    assert staged.star() == daily.star() != before
    rollback(staged.platform.connect("dbt_transformer"))
    assert staged.star() == before
    rollback(staged.platform.connect("dbt_transformer"))
    assert staged.star() == daily.star()


def test_days_of_before_leave_sources_and_star_as_they_are(daily, caplog):
    raw = "select session_id, _as_of, _loaded_at from raw.postgres_viewing_sessions order by 1"
    source = "select user_id, updated_at from public.users order by 1"
    before = daily.seen(), daily.platform.query("elt_loader", raw), daily.platform.query("app", source)
    for number in (2, 1):
        batch = daily.load(number)
        said = f"viewing_sessions.csv is of {batch.as_of}, the source already holds {daily.batch(LAST).as_of}"
        assert any(said in line and "nothing to do" in line for line in caplog.messages)
        assert daily.build(batch).returncode == 0
        daily.publish(batch)
    after = daily.seen()
    assert after.star == before[0].star
    assert daily.platform.query("elt_loader", raw) == before[1]
    assert daily.platform.query("app", source) == before[2]
