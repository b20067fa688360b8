"""The sessions behind a number: those that a selection leaves, the newest first, a page of them at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dashboard.answers import asked_of
from dashboard.figures import NOTHING, format_of, label_of
from dashboard.selection import Selection
from dashboard.star import Star
from include.metrics import Condition, Question
from include.metrics.definitions import Definitions
from include.metrics.formats import named, shown

FIELDS = ("day", "session", "user_id", "country", "plan", "title", "content_type", "device", "quality")
METRICS = ("watch_minutes", "average_completion_percentage")
PAGE_SIZE = 50
PAGE = re.compile("[0-9]{1,12}")


@dataclass(frozen=True)
class Listed:
    """One page of sessions as texts; `sessions` is how many there are on all pages."""

    rows: list[list[str]]
    page: int
    pages: int
    sessions: int


def headers(definitions: Definitions) -> list[str]:
    """Return the names of the columns."""
    return [*(label_of(definitions, f) for f in FIELDS), *(definitions.metrics[m].label for m in METRICS)]


def list_sessions(star: Star, selection: Selection, wanted: str) -> Listed:
    """Return the page, counted from 1: the first for what is no number, the last for what is too high."""
    days = _days(star, selection)
    total = sum(count for _, count in days)
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(1, int(wanted)), pages) if PAGE.fullmatch(wanted) else 1
    first, rows, passed = (page - 1) * PAGE_SIZE, [], 0
    for day, count in days:
        if passed + count > first and passed < first + PAGE_SIZE:
            rows += _of_day(star, selection, day)[max(0, first - passed) : first + PAGE_SIZE - passed]
        passed += count
    return Listed(rows, page, pages, total)


def all_sessions(star: Star, selection: Selection) -> Iterator[list[str]]:
    """Yield all sessions, a day at a time."""
    for day, _ in _days(star, selection):
        yield from _of_day(star, selection, day)


def _days(star: Star, selection: Selection) -> list[tuple[date, int]]:
    """Return the days with sessions and how many they are, the newest first."""
    where = _where(star, selection)
    if "genre" not in selection.fields:
        rows = star.ask(Question(("sessions",), ("day",), where))
        return [(row["day"], row["sessions"]) for row in reversed(rows)]
    rows = star.ask_once(Question(("genre_sessions",), ("day", "session"), where))
    counts: dict[date, int] = {}
    for row in reversed(rows):
        counts[row["day"]] = counts.get(row["day"], 0) + 1
    return list(counts.items())


def _of_day(star: Star, selection: Selection, day: date) -> list[list[str]]:
    """Return the sessions of a day as texts; a title of several chosen genres is one session all the same."""
    only = (Condition("day", "=", (day.isoformat(),)),)
    where = _where(star, selection)
    if "genre" in selection.fields:
        rows = star.ask_once(Question(("genre_sessions",), ("session",), (*where, *only)))
        if not rows:
            return []
        where = (Condition("session", "=", tuple(row["session"] for row in rows)),)
    found = star.ask_once(Question(METRICS, FIELDS, (*where, *only)))
    formats = [format_of(star.definitions.metrics[name]) for name in METRICS]
    return [
        [
            *(named(field, row[field]) for field in FIELDS),
            *(shown(row[m], f) or NOTHING for m, f in zip(METRICS, formats, strict=True)),
        ]
        for row in found
    ]


def _where(star: Star, selection: Selection) -> tuple[Condition, ...]:
    return asked_of(star.definitions, "sessions", selection).where
