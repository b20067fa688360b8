"""The calendars that dim_dates is tested with are those of Python's datetime."""

from datetime import date, timedelta

import pytest

from include.environment import ROOT

FIXTURES = ROOT / "dbt" / "tests" / "fixtures"


def row(day: date) -> str:
    """Return the row of a day as a line of the fixture."""
    iso = day.isocalendar()
    monday = date.fromordinal(day.toordinal() - day.weekday())
    quarter = (day.month + 2) // 3
    values = [
        *(int(f"{day:%Y%m%d}"), str(day), day.year, quarter, day.month, f"{day:%B}", str(day.replace(day=1))),
        *(iso.week, iso.year, str(monday), iso.weekday, f"{day:%A}"),
    ]
    return f"({', '.join(map(repr, values))}, {str(iso.weekday >= 6).lower()})"


@pytest.mark.parametrize("year", [1, 2024, 9999])
def test_a_calendar_has_every_day_of_its_year(year):
    days = (date(year, 12, 31) - date(year, 1, 1)).days + 1
    expected = [row(date(year, 1, 1) + timedelta(days=number)) for number in range(days)]
    text = (FIXTURES / f"calendar_of_{year:04}.sql").read_text()
    rows = [line.strip(" ,") for line in text.splitlines() if line.startswith("    (")]
    assert rows == expected
