"""What a metric is made of: sums or counts that can be split among members, or a ratio of two of them."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from include.errors import MetricError
from include.metrics.checks import fields_of_metric
from include.metrics.definitions import Definitions, Metric
from include.metrics.spelling import proposed

COUNTED = {"count", "sum_boolean"}
DISTINCT = "count_distinct"
ADDED = {*COUNTED, "sum"}
# A derived metric that is another one in another unit: watch_minutes / 60.
SCALED = re.compile(r"\s*(\w+)\s*([*/])\s*(\d+(?:\.\d+)?)\s*")
TOP, BOTTOM = "why_top", "why_bottom"
# The parts that are looked at, in the order of the table.
DIMENSIONS = ("country", "plan", "device", "quality", "content_type", "genre", "title")


@dataclass(frozen=True)
class Composition:
    """A metric as `scale` times `TOP`, or `TOP` by `BOTTOM`: metrics that `definitions` has in addition.

    Members of a distinct count may hold the same people, so their parts do not add up by themselves.
    """

    metric: Metric
    definitions: Definitions
    scale: Fraction
    is_ratio: bool
    is_distinct: bool
    is_count: bool

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the names of the metrics to ask for."""
        return (TOP, BOTTOM) if self.is_ratio else (TOP,)

    @property
    def fields(self) -> set[str]:
        """Return the fields by which the whole metric can be asked."""
        return fields_of_metric(self.definitions, self.metric)

    @property
    def dimensions(self) -> list[str]:
        """Return the dimensions that the metric can be split by, without those of its twin."""
        return [name for name in DIMENSIONS if name in self.fields]

    @property
    def has_parts(self) -> bool:
        """Tell whether the metric has a value of each day, and something to split it by."""
        return "day" in self.fields and bool(self.dimensions)


def composition_of(definitions: Definitions, name: str) -> Composition:
    """Return what the metric is made of. Raises MetricError for an unknown one, and one that has no parts."""
    if name not in definitions.metrics:
        hint = proposed(name, definitions.metrics) or "`make metric` lists what there is"
        raise MetricError(f"There is no metric {name!r}: {hint}")
    metric = definitions.metrics[name]
    whole = _whole(definitions, metric)
    if whole is None:
        raise MetricError(
            f"{name} cannot be explained by parts: it is no sum, no count and no ratio of these. Ask for"
            f" {_near_by(definitions, metric)} instead"
        )
    if not whole.has_parts:
        raise MetricError(
            f"{name} cannot be explained: it has no value of each day, or nothing to split it by"
        )
    return whole


def _whole(definitions: Definitions, metric: Metric) -> Composition | None:
    inputs = [(definitions.metrics[one.metric], one.filters) for one in metric.inputs]
    sides = inputs if metric.kind == "ratio" else [(metric, ())]
    found = [_split(definitions, one, filters) for one, filters in sides]
    if None in found or any(one.offset for one in metric.inputs):
        return None
    named = {name: replace(one, name=name) for name, (one, _) in zip((TOP, BOTTOM), found, strict=False)}
    aggregates = {definitions.measures[one.measure][1].agg for one, _ in found}
    return Composition(
        metric=metric,
        definitions=replace(definitions, metrics={**definitions.metrics, **named}),
        scale=found[0][1] / (found[1][1] if len(found) > 1 else 1),
        is_ratio=len(found) > 1,
        is_distinct=DISTINCT in aggregates,
        is_count=aggregates <= {*COUNTED, DISTINCT},
    )


def _split(
    definitions: Definitions, metric: Metric, filters: tuple[str, ...]
) -> tuple[Metric, Fraction] | None:
    """Return a simple metric and the factor that makes it this one; None where there is none."""
    filters += metric.filters
    if metric.kind == "simple":
        _, measure = definitions.measures[metric.measure]
        can = measure.agg in {*ADDED, DISTINCT} and not measure.is_last
        return (replace(metric, filters=filters), Fraction(1)) if can else None
    scaled = SCALED.fullmatch(metric.expr or "")
    if metric.kind != "derived" or not scaled or len(metric.inputs) != 1 or metric.inputs[0].offset:
        return None
    (given,) = metric.inputs
    below = _split(definitions, definitions.metrics[given.metric], filters + given.filters)
    if below is None or scaled[1] != given.alias:
        return None
    factor = Fraction(scaled[3])
    return below[0], below[1] * factor if scaled[2] == "*" else below[1] / factor


def _near_by(definitions: Definitions, metric: Metric) -> str:
    """Return metrics that can be explained: those it is computed from, or of the same measure."""
    leaves = definitions.leaves(metric.name)
    near = [definitions.metrics[one.metric] for one in metric.inputs]
    near += [one for one in definitions.metrics.values() if one.measure in leaves and one.kind == "simple"]
    can = [one.name for one in near if (whole := _whole(definitions, one)) and whole.has_parts]
    return " or ".join(dict.fromkeys(can)) or "another metric"
