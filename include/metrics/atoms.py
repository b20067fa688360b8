"""A metric as an expression of aggregates, each of which is computed once for all metrics of a question."""

import re
from dataclasses import dataclass, field

from include.metrics.definitions import Definitions, Input, Metric, Offset


@dataclass(frozen=True)
class Shift:
    """Which days count for a period: those of one `offset` before, of a `window` up to it, or `to_date`."""

    offset: Offset | None = None
    window: Offset | None = None
    to_date: str | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether a day counts for more than one period."""
        return bool(self.window or self.to_date)


@dataclass(frozen=True)
class Atom:
    """An aggregate: a measure, of the rows for which all filters hold, of shifted days."""

    measure: str
    filters: tuple[str, ...]
    shift: Shift


@dataclass
class Expressions:
    """Expressions of metrics, and the names that they give to atoms."""

    definitions: Definitions
    names: dict[Atom, str] = field(default_factory=dict)

    def of(self, metric: Metric, filters: tuple[str, ...] = (), shift: Shift | None = None) -> str:
        """Return the metric's SQL; what it is computed from joins `names`."""
        filters, shift = filters + metric.filters, shift or Shift()
        match metric.kind:
            case "ratio":
                top, bottom = (self._of_input(one, filters, shift) for one in metric.inputs)
                return f"1.0 * {top} / nullif({bottom}, 0)"
            case "derived":
                parts = {one.alias: f"({self._of_input(one, filters, shift)})" for one in metric.inputs}
                names = "|".join(map(re.escape, parts))
                return re.sub(rf"\b({names})\b", lambda name: parts[name[0]], metric.expr)
            case "cumulative":
                shift = Shift(window=metric.window, to_date=metric.to_date)
        return self.names.setdefault(Atom(metric.measure, filters, shift), f"value_{len(self.names) + 1}")

    def _of_input(self, given: Input, filters: tuple[str, ...], shift: Shift) -> str:
        if given.offset:
            shift = Shift(offset=given.offset)
        return self.of(self.definitions.metrics[given.metric], filters + given.filters, shift)
