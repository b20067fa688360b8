"""What a question may ask: names that there are, and only what has one answer."""

from collections.abc import Iterable

from include.errors import MetricError
from include.metrics.definitions import CALENDAR, COARSER, GRAINS, Definitions, Metric
from include.metrics.fields import all_fields, fields_of
from include.metrics.periods import first_day
from include.metrics.questions import Condition, Question
from include.metrics.spelling import proposed

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


def check(definitions: Definitions, question: Question) -> None:
    """Raise MetricError with a sentence where the question names what is not there, or has no one answer."""
    if not question.metrics:
        raise MetricError(
            "No metric is named: M=watch_hours, or M=sessions,watch_hours; docs/metrics.md lists them"
        )
    for name in question.metrics:
        _check_name("metric", name, definitions.metrics)
    fields = all_fields(definitions)
    for name in (*question.by, *(one.field for one in question.where)):
        _check_name("field", name, fields)
    for place, names in (("M", question.metrics), ("BY", question.by)):
        if repeated := {name for name in names if names.count(name) > 1}:
            raise MetricError(f"{min(repeated)} stands in {place} twice")
    for one in question.where:
        _check_condition(one)
    for name in question.metrics:
        _check_metric(definitions, definitions.metrics[name], question)


def _check_name(kind: str, name: str, known: Iterable[str]) -> None:
    if name in known:
        return
    hint = proposed(name, known) or f"there are {', '.join(sorted(known))}"
    raise MetricError(f"There is no {kind} {name!r}: {hint}")


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
        for name in sorted(asked - fields_of(definitions, model, measure)):
            raise MetricError(_no_field(definitions, metric, leaf, name, measure.time is None))
    _check_periods(definitions, metric, question)
    if wrong := sorted(asked - fields_of_metric(definitions, metric)):
        raise MetricError(
            f"{metric.name} counts other days than those that are asked for, so that {wrong[0]} has no one"
            " answer: ask for what it is computed from"
        )


def _no_field(definitions: Definitions, metric: Metric, leaf: str, name: str, is_dateless: bool) -> str:
    """Return why the metric cannot be asked by the field, and what can."""
    what = metric.name if leaf == metric.measure else f"{metric.name}, which is computed from {leaf},"
    if name in GRAINS and is_dateless:
        return f"{what} has no date, so it has no one answer by {name}: ask for it without one"
    if twin := (metric.meta.get("by_genre") if name == "genre" else None):
        return f"{what} cannot be asked by genre, since a title has several: ask for {twin}"
    return f"{what} cannot be asked by {name}. It can be asked by {', '.join(groupings(definitions, metric))}"


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


def fields_of_metric(definitions: Definitions, metric: Metric) -> set[str]:
    """Return the fields that a question for the metric may name.

    A metric of one period counts other days as well, those of a window or of the period before: what a day
    is, such as a weekday, cannot be asked of it, and no shorter period.
    """
    leaves = (definitions.measures[leaf] for leaf in definitions.leaves(metric.name))
    shared = set.intersection(*(fields_of(definitions, *leaf) for leaf in leaves))
    if (grain := grain_of(definitions, metric)) is None:
        return shared
    calendar = {
        name for one in definitions.models.values() if one.table == CALENDAR for name in one.dimensions
    }
    return shared - calendar - {name for name in GRAINS if name not in COARSER[grain]}


def groupings(definitions: Definitions, metric: Metric) -> list[str]:
    """Return by what the metric can be grouped, periods first; where it is of one period, by that only."""
    grain, fields = grain_of(definitions, metric), fields_of_metric(definitions, metric)
    periods = [name for name in GRAINS if name in fields and grain in (None, name)]
    return periods + sorted(fields - set(GRAINS))


def grain_of(definitions: Definitions, metric: Metric) -> str | None:
    """Return the period that the metric is a number of; None when it may be asked by any, or by none."""
    if metric.kind == "cumulative":
        return "day"
    found = [one.offset.grain for one in metric.inputs if one.offset]
    found += [grain_of(definitions, definitions.metrics[one.metric]) for one in metric.inputs]
    return next(filter(None, found), None)
