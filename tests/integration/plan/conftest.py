"""A star that readers see, and the one of the next day."""

import pytest

from tests.conftest import Platform
from tests.integration.publish.generated_days import Days


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Day 0 is published; day 1 is loaded and built, and not published."""
    days = Days(warehouse, tmp_path_factory.mktemp("days"))
    days.next_day(0)
    batch = days.load(1)
    assert days.build(batch).returncode == 0
    return days
