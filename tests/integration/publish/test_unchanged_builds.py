"""What dbt notes of the state of raw in the marker of a star: only a whole and good build has one."""

import pytest

from include.publish.schema_marker import NEXT, TRUSTED, read_marker
from include.publish.unchanged import unchanged_star
from include.run import Batch
from tests.conftest import Platform
from tests.integration.publish.generated_days import WITHOUT_UNIT_TESTS, Days
from tests.pipeline import raw_state


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Day 0 is loaded, built and published."""
    days = Days(warehouse, tmp_path_factory.mktemp("days"))
    days.next_day(0)
    return days


def _noted(days: Days, schema: str = NEXT) -> object:
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        return read_marker(cursor, schema).get("raw")


def _unchanged(days: Days) -> bool:
    with days.platform.connect("elt_loader") as connection, connection.cursor() as cursor:
        return unchanged_star(cursor) is not None


def test_a_build_notes_the_state_and_the_same_day_again_keeps_it(days):
    state = raw_state(days.platform)
    assert _noted(days, TRUSTED) == state
    days.load(0)
    assert raw_state(days.platform) == state
    assert _unchanged(days)


def test_a_build_by_hand_notes_none(days):
    assert days.build(Batch("", days.batch(0).as_of)).returncode == 0
    assert not _noted(days)


def test_a_build_of_some_models_or_of_models_that_fail_notes_none(days):
    batch = days.load(1)
    assert not _unchanged(days)
    days.platform.query("elt_loader", "revoke select on raw.mongo_series from dbt_transformer")
    assert days.build(batch).returncode == 1
    assert not _noted(days)
    days.platform.query("elt_loader", "grant select on raw.mongo_series to dbt_transformer")
    assert days.build(batch).returncode == 0
    assert days.build(batch, "--select", "dim_dates", *WITHOUT_UNIT_TESTS).returncode == 0
    assert not _noted(days)
    assert days.build(batch).returncode == 0
    assert _noted(days) == raw_state(days.platform)
    assert not _unchanged(days)
    days.publish(batch)
    assert _unchanged(days)
