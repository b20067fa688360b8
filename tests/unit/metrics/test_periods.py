"""Texts of periods, their first days, and the periods around them."""

from datetime import date

import pytest

from include.errors import MetricError
from include.metrics.periods import first_day, moved


@pytest.mark.parametrize(
    ("grain", "text", "first"),
    [
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("week", "2024-12-31", date(2024, 12, 30)),
        ("week", "2021-01-03", date(2020, 12, 28)),
        ("month", "2024-08", date(2024, 8, 1)),
        ("month", "2024-08-30", date(2024, 8, 1)),
        ("quarter", "2024-Q4", date(2024, 10, 1)),
        ("quarter", "2024-06", date(2024, 4, 1)),
        ("year", " 2024 ", date(2024, 1, 1)),
    ],
)
def test_a_period_is_named_by_a_text_or_a_day_of_it(grain, text, first):
    assert first_day(grain, text) == first


@pytest.mark.parametrize("text", ["", "2024-13", "2023-02-29", "August", "2024-Q5", "'2024'"])
def test_other_texts_are_refused(text):
    with pytest.raises(MetricError, match="is no month: write it as 2024-08"):
        first_day("month", text)


@pytest.mark.parametrize(
    ("grain", "text"),
    [
        ("day", "2024-08"), ("day", "2024-Q3"), ("day", "2024"), ("day", "2024-W35"), ("week", "2024-08"),
        ("week", "2024"), ("month", "2024"), ("month", "2024-Q3"), ("month", "2024-W35"), ("quarter", "2024"),
    ],
)  # fmt: skip
def test_a_longer_period_is_refused_and_not_taken_for_its_first_day(grain, text):
    with pytest.raises(MetricError, match=f"'{text}' is no {grain}"):
        first_day(grain, text)


def test_an_iso_week_is_taken():
    assert first_day("week", "2024-W35") == date(2024, 8, 26)


@pytest.mark.parametrize(
    ("grain", "text"), [("year", "9999"), ("day", "9999-12-31"), ("month", "0001-01"), ("week", "9999-12-31")]
)
def test_a_period_without_a_neighbour_is_refused(grain, text):
    with pytest.raises(MetricError, match=f"'{text}' is out of range: years are 2 to 9998"):
        first_day(grain, text)


@pytest.mark.parametrize(
    ("grain", "start", "count", "moved_to"),
    [
        ("day", date(2024, 3, 1), -1, date(2024, 2, 29)),
        ("week", date(2024, 12, 30), 1, date(2025, 1, 6)),
        ("month", date(2024, 1, 1), -1, date(2023, 12, 1)),
        ("month", date(2024, 12, 1), 1, date(2025, 1, 1)),
        ("quarter", date(2024, 1, 1), -1, date(2023, 10, 1)),
        ("year", date(2024, 1, 1), 1, date(2025, 1, 1)),
    ],
)
def test_periods_follow_one_another(grain, start, count, moved_to):
    assert moved(grain, start, count) == moved_to
