"""A question for metrics: which ones, by what, and of which rows. Read from texts and checked.

A field is the name of a dimension, or day, week, month, quarter or year.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from include.errors import MetricError
from include.metrics.definitions import COARSER, GRAINS, Definitions, Metric
from include.metrics.fields import fields_of
from include.metrics.periods import first_day

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
# A value with a comma, an operator or blanks around it stands in single quotes.
CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*('(?:[^']|'')*'|[^,]*)\s*(?:,|$)")
VALUE = re.compile(r"\s*('(?:[^']|'')*'|[^,=<>!]+)\s*(?:,|$)")


@dataclass(frozen=True)
class Condition:
    """Which rows count. `=` with several values is any of them, `!=` none of them.

    Values of periods are those that `first_day` reads.
    """

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Metrics by fields, of the rows for which all conditions hold."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()

    @property
    def grains(self) -> list[str]:
        """Return the periods among `by`."""
        return [name for name in self.by if name in GRAINS]

    @property
    def pinned(self) -> set[str]:
        """Return the fields of which a condition leaves one value."""
        return {one.field for one in self.where if one.operator == "=" and len(one.values) == 1}

    @property
    def periods(self) -> list[Condition]:
        """Return the conditions on periods."""
        return [one for one in self.where if one.field in GRAINS]


def ask_for(metrics: str, by: str = "", where: str = "") -> Question:
    """Read a question as people write it: names with commas, conditions as `plan=Premium, month>=2024-06`.

    Raises MetricError where a condition cannot be read.
    """
    return Question(_names(metrics), _names(by), tuple(_conditions(where)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _conditions(text: str) -> Iterable[Condition]:
    place = 0
    while text[place:].strip():
        if not (found := CONDITION.match(text, place)):
            raise MetricError(
                f"WHERE cannot be read from {text[place:].strip()!r} on. Write conditions as"
                " plan=Premium, country=Spain,Chile, month>=2024-06; a value with a comma in single quotes"
            )
        values, place = [found[3]], found.end()
        # Further values of the same condition, as in country=Spain,Chile.
        while (more := VALUE.match(text, place)) and not CONDITION.match(text, place):
            values, place = [*values, more[1]], more.end()
        yield Condition(found[1], found[2], tuple(map(_unquoted, values)))


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text


def check(definitions: Definitions, question: Question) -> None:
    """Raise MetricError with a sentence where the question names what is not there, or has no one answer."""
    if not question.metrics:
        raise MetricError(
            "No metric is named: M=watch_hours, or M=sessions,watch_hours; docs/metrics.md lists them"
        )
    for name in question.metrics:
        _check_name("metric", name, definitions.metrics)
    dimensions = {name for model in definitions.models.values() for name in model.dimensions}
    for name in (*question.by, *(one.field for one in question.where)):
        _check_name("field", name, {*GRAINS, *dimensions})
    if repeated := {name for name in question.by if question.by.count(name) > 1}:
        raise MetricError(f"{min(repeated)} stands in BY twice")
    for one in question.where:
        _check_condition(one)
    for name in question.metrics:
        _check_metric(definitions, definitions.metrics[name], question)


def _check_name(kind: str, name: str, known: Iterable[str]) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, n=3)
    there_are = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known))}"
    raise MetricError(f"There is no {kind} {name!r}: {there_are}")


def _check_condition(condition: Condition) -> None:
    if condition.operator not in OPERATORS or not condition.values:
        raise MetricError(f"{condition.field} needs one of {' '.join(OPERATORS)} and a value")
    if len(condition.values) > 1 and condition.operator not in ("=", "!="):
        raise MetricError(
            f"{condition.field} {condition.operator} takes one value, not {', '.join(condition.values)}"
        )
    if condition.field in GRAINS:
        for value in condition.values:
            first_day(condition.field, value)


def _check_metric(definitions: Definitions, metric: Metric, question: Question) -> None:
    asked = {*question.by, *(one.field for one in question.where)}
    for leaf in sorted(definitions.leaves(metric.name)):
        model, measure = definitions.measures[leaf]
        has = fields_of(definitions, model, measure)
        for name in sorted(asked - has):
            raise MetricError(_no_field(definitions, metric, leaf, name, measure.time is None))
    _check_periods(definitions, metric, question)


def _no_field(definitions: Definitions, metric: Metric, leaf: str, name: str, is_dateless: bool) -> str:
    """Return why the metric cannot be asked by the field, and what can."""
    what = metric.name if leaf == metric.measure else f"{metric.name}, which is computed from {leaf},"
    if name in GRAINS and is_dateless:
        return f"{what} has no date, so it has no one answer by {name}: ask for it without one"
    if twin := (metric.meta.get("by_genre") if name == "genre" else None):
        return f"{what} cannot be asked by genre, since a title has several: {twin} shares it by weights"
    fields = [fields_of(definitions, *definitions.measures[one]) for one in definitions.leaves(metric.name)]
    can = sorted(set.intersection(*fields), key=lambda field: (field not in GRAINS, field))
    return f"{what} cannot be asked by {name}. It can be asked by {', '.join(can)}"


def _check_periods(definitions: Definitions, metric: Metric, question: Question) -> None:
    """Raise MetricError where a metric of a day or a month is asked for without one, or with another."""
    grain = grain_of(definitions, metric)
    if grain is None:
        return
    is_one = question.grains == [grain] or (not question.grains and grain in question.pinned)
    if not is_one:
        raise MetricError(
            f"{metric.name} is a number of one {grain}: add {grain} to BY, with no other period,"
            f" or name one {grain} in WHERE"
        )
    if finer := [one.field for one in question.periods if one.field not in COARSER[grain]]:
        raise MetricError(f"{metric.name} is a number of one {grain}: WHERE cannot name a {finer[0]}")


def grain_of(definitions: Definitions, metric: Metric) -> str | None:
    """Return the period that the metric is a number of; None when it may be asked by any, or by none."""
    if metric.kind == "cumulative":
        return "day"
    found = [one.offset.grain for one in metric.inputs if one.offset]
    found += [grain_of(definitions, definitions.metrics[one.metric]) for one in metric.inputs]
    return next(filter(None, found), None)
