"""Which days a run may bring, and what is said of others."""

from datetime import date, timedelta

import pytest

from include.days import LAST, LAUNCH, refuse_day
from include.errors import InputError
from include.tables import SOURCES_BY_NAME

DAY = timedelta(days=1)


@pytest.mark.parametrize("day", [LAUNCH - DAY, date(1999, 1, 1), LAST + DAY, date.max])
def test_generated_day_is_one_of_the_product(day: date) -> None:
    with pytest.raises(InputError) as caught:
        refuse_day("AS_OF", day, is_generated=True)
    said = f"AS_OF must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is {day}"
    assert str(caught.value) == said


@pytest.mark.parametrize("day", [LAUNCH, LAST])
def test_ends_of_the_range_are_in_it(day: date) -> None:
    refuse_day("AS_OF", day, is_generated=True)


def test_own_files_may_be_older_than_the_product() -> None:
    refuse_day("AS_OF", date(1999, 1, 1), is_generated=False)
    with pytest.raises(InputError, match=r"^as_of must be a day until 2100-12-31, as 2024-09-02; it is 9999"):
        refuse_day("as_of", date.max, is_generated=False)


def test_last_day_is_the_last_that_the_product_s_rows_may_have() -> None:
    columns = {column.name: column for column in SOURCES_BY_NAME["users"].columns}
    assert str(columns["registration_date"].maximum) == LAST.isoformat()
