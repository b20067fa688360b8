"""The numbers of a load."""

from datetime import UTC, date, datetime
from unittest.mock import Mock

import pytest

from include.errors import DataQualityError
from include.ops.load_runs import Load, record_load
from include.run import Batch

NUMBERS = {"read": 10, "inserted": 2, "updated": 3, "unchanged": 4, "deleted": 4, "quarantined": 1}


def test_summary_has_the_table_and_its_numbers() -> None:
    load = Load("seed", "users", datetime.now(UTC), **NUMBERS)
    assert load.summary() == {"table": "users", **NUMBERS}


@pytest.mark.parametrize("name", ["read", "inserted", "updated", "unchanged", "quarantined"])
def test_load_that_lost_a_row_is_not_recorded(name: str) -> None:
    load = Load("seed", "users", datetime.now(UTC), **{**NUMBERS, name: NUMBERS[name] + 1})
    warehouse = Mock()
    with pytest.raises(DataQualityError, match=r"users: 1[01] rows were read, and 1[01] are accounted for"):
        record_load(warehouse, load, Batch("run 1", date(2024, 9, 1)))
    warehouse.cursor.assert_not_called()
