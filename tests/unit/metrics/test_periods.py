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
