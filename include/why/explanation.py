"""An explanation as data: parts that add up to the change of a metric, and those that are unusual."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from include.metrics.definitions import Metric
from include.why.compared import Period
from include.why.rows import Rows
from include.why.usual import Usual

# What explains the change: a member; all parts evenly; nothing unusual; too little is known.
CAUSE, EVEN, USUAL, UNKNOWN = "cause", "even", "usual", "unknown"


@dataclass(frozen=True)
class Part:
    """What a member of a dimension adds to the change. Without a member it is the rest that makes it add up.

    `before` and `after` are the member's own values, None where it has none. `beyond` is how much more it
    moved the total than it would have, had it moved like all others; `score` says how unlikely that is.
    """

    dimension: str
    member: str | None
    before: Fraction | None
    after: Fraction | None
    change: Fraction
    beyond: float = 0.0
    score: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """The change of a metric from `compared` to `period`, by parts of each dimension; in the metric's unit.

    `causes` are the unusual parts, the first one first. `usual` is None where the history is too short.
    Members overlap with `is_distinct`: then parts without a member say by how much.
    """

    metric: Metric
    period: Period
    compared: Period
    before: Fraction
    after: Fraction
    usual: Usual | None
    parts: Mapping[str, tuple[Part, ...]]
    causes: tuple[Part, ...]
    rows: Rows
    is_ratio: bool
    is_distinct: bool

    @property
    def change(self) -> Fraction:
        return self.after - self.before

    @property
    def verdict(self) -> str:
        """Return CAUSE, EVEN, USUAL, or UNKNOWN where nothing says what is usual."""
        if self.usual is None:
            return UNKNOWN
        if self.causes:
            return CAUSE
        return USUAL if self.usual.holds(float(self.after)) else EVEN


def folded(explanation: Explanation, dimension: str, most: int) -> list[Part]:
    """Return the dimension's unusual parts and those that changed most, all others as one, and the rest."""
    parts = explanation.parts[dimension]
    named = [one for one in parts if one.member is not None]
    shown = [place for place, one in enumerate(named) if place < most or one in explanation.causes]
    others = [one for place, one in enumerate(named) if place not in shown]
    if len(others) > 1:
        name = f"all others ({len(others)})"
        others = [Part(dimension, name, None, None, sum(one.change for one in others))]
    return [*(named[place] for place in shown), *others, *(one for one in parts if one.member is None)]
