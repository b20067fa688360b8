"""Ask a metric for a selection: of what it can be filtered by, and by its twin where a genre is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.selection import Selection
from dashboard.star import Star
from include.metrics import Condition, Question
from include.metrics.checks import fields_of_metric, grain_of
from include.metrics.definitions import Definitions, Metric
from include.metrics.periods import moved, start_of

GENRE, COHORTS = "genre", "months_since_registration"


@dataclass(frozen=True)
class Asked:
    """A metric with its conditions. `month` names the month it is a number of; `left_out` do not apply."""

    metric: Metric
    where: tuple[Condition, ...]
    is_dated: bool
    month: str | None
    left_out: tuple[str, ...]


def metric_for(definitions: Definitions, name: str, by: Sequence[str], selection: Selection) -> Metric:
    """Return the metric, or its twin that shares a title among its genres where a genre is asked for."""
    metric = definitions.metrics[name]
    twin = definitions.metrics.get(metric.meta.get("by_genre"))
    if twin is None or GENRE not in {*by, *selection.fields}:
        return metric
    return twin if set(by) <= fields_of_metric(definitions, twin) else metric


def asked_of(
    definitions: Definitions, name: str, selection: Selection, by: Sequence[str] = (), *, is_one: bool = False
) -> Asked:
    """Return how the metric is asked. With `is_one` it is one number: of a month where it has no days.

    By months since registration, cohorts are whole: the selection ends them, and does not begin them.
    """
    metric = metric_for(definitions, name, by, selection)
    fields = fields_of_metric(definitions, metric)
    where, month = selection.conditions(fields), None
    grain = grain_of(definitions, metric) or ("day" if "day" in fields else "month")
    if grain == "day" and "day" in fields:
        where += _between("day", selection)
    elif "month" in fields and is_one:
        month = f"{last_whole_month(selection):%Y-%m}"
        where += (Condition("month", "=", (month,)),)
    elif COHORTS in by:
        where += (Condition("is_complete_month", "=", ("true",)), _until("month", selection))
    elif "month" in fields:
        where += _between("month", selection)
    left_out = tuple(sorted(selection.fields - fields))
    return Asked(metric, where, bool({"day", "month"} & fields), month, left_out)


def value_of(star: Star, asked: Asked) -> object:
    """Return the one number; None where there is none."""
    rows = star.ask(Question((asked.metric.name,), where=asked.where))
    return rows[0][asked.metric.name] if rows else None


def last_whole_month(selection: Selection) -> date:
    """Return the first day of the last month that is over when the selection is."""
    return moved("month", start_of("month", selection.last + date.resolution), -1)


def _between(grain: str, selection: Selection) -> tuple[Condition, ...]:
    return Condition(grain, ">=", (selection.first.isoformat(),)), _until(grain, selection)


def _until(grain: str, selection: Selection) -> Condition:
    return Condition(grain, "<=", (selection.last.isoformat(),))
