"""Days, weeks, months, quarters and years as texts, and the days that they are made of."""

import re
from datetime import date, timedelta

from include.errors import MetricError
from include.metrics.definitions import COARSER

EXAMPLES = {
    "day": "2024-08-30",
    "week": "2024-08-26",
    "month": "2024-08",
    "quarter": "2024-Q3",
    "year": "2024",
}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
# How a period longer than a day is written.
FORMS = {
    "week": r"\d{4}-W\d{2}",
    "month": r"\d{4}-\d{2}",
    "quarter": r"\d{4}-?[Qq][1-4]",
    "year": r"\d{4}",
}
# Around other years there may be no period before, or no next one.
YEARS = range(2, 9999)


def first_day(grain: str, text: str) -> date:
    """Return the first day of the period that the text names, or that the day in it is in.

    Raises MetricError for a text that names none, or a longer period.
    """
    text = text.strip()
    named = next((one for one, form in FORMS.items() if re.fullmatch(form, text)), "day")
    try:
        day = date.fromisoformat(_as_day(text))
    except ValueError:
        day = None
    if day is None or grain not in COARSER[named]:
        raise MetricError(f"{text!r} is no {grain}: write it as {EXAMPLES[grain]}, or name a day of it")
    if day.year not in YEARS:
        raise MetricError(f"{text!r} is out of range: years are {YEARS[0]} to {YEARS[-1]}")
    return start_of(grain, day)


def start_of(grain: str, day: date) -> date:
    """Return the first day of the period of the day; weeks begin on Monday."""
    if grain in DAYS:
        return day - timedelta(day.weekday() if grain == "week" else 0)
    months = MONTHS[grain]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def moved(grain: str, start: date, count: int) -> date:
    """Return the first day of the period that begins so many periods after `start`, the first day of one."""
    if grain in DAYS:
        return start + timedelta(days=count * DAYS[grain])
    months = start.year * 12 + start.month - 1 + count * MONTHS[grain]
    return date(months // 12, months % 12 + 1, 1)


def _as_day(text: str) -> str:
    """Return the text as a day: 2024 and 2024-08 begin on the first one, 2024-Q3 on that of July."""
    if quarter := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text):
        return f"{quarter[1]}-{int(quarter[2]) * 3 - 2:02}-01"
    return text + {4: "-01-01", 7: "-01"}.get(len(text), "")
