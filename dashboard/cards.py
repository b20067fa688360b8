"""The row of cards on top of a page: a number, and how it changed against the period before."""

from dataclasses import dataclass, replace

from dashboard.answers import Asked, asked_of, last_whole_month, value_of
from dashboard.figures import NOTHING, format_of, label_of
from dashboard.selection import Selection
from dashboard.star import Star
from include.errors import MetricError
from include.metrics.definitions import Metric
from include.metrics.formats import change, shown
from include.metrics.periods import moved
from include.why.composition import composition_of

# Of which more is better, or less; of all others neither is.
MORE = {
    "active_users",
    "new_users",
    "subscribers",
    "sessions",
    "sessions_per_user",
    "watch_hours",
    "completion_rate",
}
LESS = {"churn_rate", "churned_users"}


@dataclass(frozen=True)
class Card:
    """A number as it is read. `change` is against the same number `before`; `way` is up, down or none.

    `period` names the month where it is one of a month. `left_out` are names of
    chosen fields that do not apply.
    """

    metric: Metric
    value: str
    change: str
    way: str
    is_good: bool | None
    before: str
    period: str
    left_out: tuple[str, ...]
    behind: Selection
    has_parts: bool


def card_of(star: Star, name: str, selection: Selection) -> Card:
    """Return the card of the metric."""
    asked = asked_of(star.definitions, name, selection, is_one=True)
    earlier = asked_of(star.definitions, name, _before(asked, selection), is_one=True)
    now = value_of(star, asked)
    before = value_of(star, earlier) if asked.is_dated else None
    moved_by, way = _change(asked.metric, now, before)
    month = asked.month or ""
    return Card(
        metric=asked.metric,
        value=_value(asked.metric, now),
        change=moved_by,
        way=way,
        is_good=_is_good(name, way),
        before=_value(asked.metric, before) if asked.is_dated else "",
        period=month if asked.is_dated else "whole catalogue",
        left_out=tuple(label_of(star.definitions, field).lower() for field in asked.left_out),
        behind=_days_of(asked, selection),
        has_parts=can_be_explained(star, asked.metric.name),
    )


def _before(asked: Asked, selection: Selection) -> Selection:
    return _month(selection, -1) if asked.month else selection.before()


def _days_of(asked: Asked, selection: Selection) -> Selection:
    return _month(selection, 0) if asked.month else selection


def _month(selection: Selection, count: int) -> Selection:
    """Return the days of the last whole month, or of so many after it."""
    first = moved("month", last_whole_month(selection), count)
    return replace(selection, first=first, last=moved("month", first, 1) - first.resolution)


def _value(metric: Metric, value: object) -> str:
    return shown(value, format_of(metric)) or NOTHING


def _change(metric: Metric, now: object, before: object) -> tuple[str, str]:
    numbers = (None if value is None else float(value) for value in (now, before))
    return change(*numbers, format_of(metric))


def _is_good(name: str, way: str) -> bool | None:
    if way == "none" or name not in MORE | LESS:
        return None
    return (way == "up") == (name in MORE)


def can_be_explained(star: Star, name: str) -> bool:
    """Tell whether `make why` has an answer for the metric."""
    try:
        return bool(composition_of(star.definitions, name))
    except MetricError:
        return False
