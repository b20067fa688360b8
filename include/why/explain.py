"""Why did a metric move? The parts that explain the change of a day or week, and which of them is unusual.

Decisions:
- A day is compared with the same weekday a week before, since weekdays differ; a week with the week before.
- Parts add up exactly in each dimension: amounts are fractions, never floats. Of a sum or count a part is
  after minus before. Of a ratio it is share x (rate - whole rate before), after minus before: how much of
  the whole the member is and what it does count together, and the parts add up to the change of the ratio.
  Where members overlap (people with two devices), and where weights are rounded, a last part without a
  member has the rest.
- By genre the amounts are those of the metric's twin, which shares a title among its genres by weights
  (`by_genre` in its meta); a metric without a twin has no part by genre.
- What is unusual is said by the eight periods before: the total by its own course (`usual.py`), a member by
  what it would have done had it moved like all others (`unusual.py`). The first cause is, of all
  dimensions, the member whose distance from that is the least likely; it is none unless it moved the total
  by 3 %. When the total is out of its range, causes that moved it in that direction come first.
- A total out of its range without such a member moved evenly in all parts: so a partition looks that is
  lost, or loaded in part. Then the rows of that time, and the data events (`events.py`), say more.

Data flow: definitions -> composition (what adds up) -> amounts of nine periods, one query a dimension
(compared) -> parts and scores -> Explanation; `words.py` says it in words.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import fmean

from psycopg2.extensions import cursor as Cursor

from include.errors import MetricError
from include.metrics.definitions import Definitions
from include.why.compared import HISTORY, Amounts, Period, Star, amounts_by, history, totals
from include.why.composition import DIMENSIONS, Composition, composition_of
from include.why.explanation import Explanation, Part
from include.why.rows import refuse_no_data, rows_of
from include.why.unusual import fits_of, scores_of
from include.why.usual import FEWEST, Usual, spread_of, usual_range

# A member below it is no cause: of some 200 quiet periods one has a member above it.
LEAST_SCORE = 5.0
# What moved the total by less is no cause, however unlikely.
LEAST_EFFECT = 0.03


def explain(
    cursor: Cursor, definitions: Definitions, metric: str, period: Period, schema: str = "trusted"
) -> Explanation:
    """Explain the change of the metric. Raises MetricError where it has no parts, or no data of the time."""
    whole = composition_of(definitions, metric)
    star = Star(cursor, schema)
    refuse_no_data(star, whole, period)
    periods = [period.before(weeks) for weeks in range(HISTORY + 1)]
    series = totals(star, whole, period)
    after, before = (_value(whole, series[0], place) for place in range(2))
    if after is None or before is None:
        missing = period if after is None else periods[1]
        raise MetricError(f"{metric} has no value {missing}: there is nothing to divide by")
    splits = _splits(whole, definitions)
    members = {name: amounts_by(star, one, periods, name) for name, one in splits.items()}
    judged = _judged(whole, members, history(series[0]))
    parts = {name: _parts(whole, series[0], name, amounts, judged) for name, amounts in members.items()}
    usual = _usual(star, whole, period, series)
    return Explanation(
        metric=whole.metric,
        period=period,
        compared=periods[1],
        before=before,
        after=after,
        usual=usual,
        parts={name: found for name, found in parts.items() if found},
        causes=_causes(parts, after, usual),
        rows=rows_of(star, whole, periods),
        is_ratio=whole.is_ratio,
        is_distinct=whole.is_distinct,
    )


def _splits(whole: Composition, definitions: Definitions) -> dict[str, Composition]:
    """Return the dimensions to look at, with what is asked by each: by genre it is the metric's twin."""
    found = dict.fromkeys(whole.dimensions, whole)
    if twin := whole.metric.meta.get("by_genre"):
        found["genre"] = composition_of(definitions, twin)
    return {name: found[name] for name in DIMENSIONS if name in found}


def _value(whole: Composition, amounts: Amounts, place: int) -> Fraction | None:
    top, bottom = amounts.top[place], amounts.bottom[place]
    return whole.scale * top / bottom if bottom else None


def _usual(star: Star, whole: Composition, period: Period, series: Sequence[Amounts]) -> Usual | None:
    """Return what is usual of the first series, whose newest value is in question."""
    same, *others = _floats(whole, series)
    level = fmean(same or [0.0])
    floor = math.sqrt(_least_dispersion(whole) * level)
    if period.grain == "week":
        # Six distances may happen to be small: a week is no calmer than seven independent days.
        days = _floats(whole, totals(star, whole, Period("day", period.last)))
        floor = max(floor, level * spread_of(days)[0] / math.sqrt(7))
    return usual_range(same, others, floor)


def _floats(whole: Composition, series: Sequence[Amounts]) -> list[list[float]]:
    """Return the values of each series, without the newest of the first one, which is in question."""
    found = []
    for number, one in enumerate(series):
        values = [_value(whole, one, place) for place in range(number == 0, history(one) + 1)]
        found.append([float(value) for value in values if value is not None])
    return found


def _least_dispersion(whole: Composition) -> float:
    """Return 1 for counts: they are at least as restless as chance makes them; else nobody knows."""
    return 1.0 if whole.is_count and not whole.is_ratio else 0.0


def _judged(
    whole: Composition, members: Mapping[str, Mapping[str, Amounts]], periods: int
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return how far each member moved beyond what is usual, in the metric's unit, and its score."""
    if periods < FEWEST:
        return {}
    fits = {name: fits_of(amounts, periods, is_ratio=whole.is_ratio) for name, amounts in members.items()}
    scores = scores_of(fits, _least_dispersion(whole))
    scale = float(whole.scale)
    return {
        (name, member): (scale * fit.deviation, scores[name, member])
        for name, found in fits.items()
        for member, fit in found.items()
    }


def _parts(
    whole: Composition,
    total: Amounts,
    dimension: str,
    members: Mapping[str, Amounts],
    judged: Mapping[tuple[str, str], tuple[float, float]],
) -> tuple[Part, ...]:
    """Return the dimension's parts, those that changed most first; they add up to the change of the total."""
    parts = [
        Part(
            dimension,
            name,
            _value(whole, one, 1),
            _value(whole, one, 0),
            _added(whole, total, one, 0) - _added(whole, total, one, 1),
            *judged.get((dimension, name), (0.0, 0.0)),
        )
        for name, one in members.items()
        if any((*one.top[:2], *(one.bottom[:2] if whole.is_ratio else ())))
    ]
    parts.sort(key=lambda one: (-abs(one.change), one.member))
    change = _value(whole, total, 0) - _value(whole, total, 1)
    if rest := change - sum(one.change for one in parts):
        parts.append(Part(dimension, None, None, None, rest))
    return tuple(parts)


def _added(whole: Composition, total: Amounts, one: Amounts, place: int) -> Fraction:
    """Return what a member adds to the total of a period; to a ratio above the rate before."""
    if not whole.is_ratio:
        return whole.scale * one.top[place]
    level = total.top[1] / total.bottom[1]
    return whole.scale * (one.top[place] - level * one.bottom[place]) / total.bottom[place]


def _causes(parts: Mapping[str, Sequence[Part]], after: Fraction, usual: Usual | None) -> tuple[Part, ...]:
    """Return the unusual parts, the least likely first."""
    if usual is None:
        return ()
    found = [
        one
        for members in parts.values()
        for one in members
        if one.score >= LEAST_SCORE and abs(one.beyond) >= LEAST_EFFECT * abs(float(after) - one.beyond)
    ]
    way = 0.0 if usual.holds(float(after)) else float(after) - usual.expected
    return tuple(sorted(found, key=lambda one: (one.beyond * way < 0, -one.score)))
