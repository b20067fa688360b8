"""How far the members of a total are from what is usual.

Expected is what a member would be had it moved like all others (leave one out), by its share in the periods
before. So a day that is lost in part makes no member unusual. The spread is that of counting, the square
root of what is expected, times a dispersion learnt from the history: neither small members nor restless
ones make noise. A score is the logarithm of how unlikely the distance is, less that of how many members the
dimension has.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from include.why.compared import Amounts

# Members with a smaller share do not say how wide the spread is.
LEAST_SHARE = 0.01
# What all have in common counts as much as so many periods of the member's own.
PRIOR = 12.0


@dataclass(frozen=True)
class Fit:
    """A member's amount, and what it would be had it moved like all others.

    `variance` is that of the difference where the dispersion is 1: of a ratio's member as it is, of a sum's
    for each unit that is expected. `dispersion` is that of the history, of so many periods.
    """

    actual: float
    expected: float
    variance: float
    dispersion: float
    share: float
    periods: int
    is_ratio: bool

    @property
    def deviation(self) -> float:
        return self.actual - self.expected

    def distance(self, common: float) -> float:
        """Return the deviation in standard deviations, given the dispersion that members have in common."""
        freedom = self.periods - 1
        own = max(common, (PRIOR * common + freedom * self.dispersion) / (PRIOR + freedom))
        if not own:
            return 0.0
        if self.is_ratio:
            return self.deviation / math.sqrt(own * self.variance)
        # Square roots of counts have the same spread whether they are small or large.
        roots = [math.sqrt(max(value, 0) / own + 0.375) for value in (self.actual, self.expected)]
        return 2 * (roots[0] - roots[1]) / math.sqrt(self.variance)


def fits_of(members: Mapping[str, Amounts], periods: int, *, is_ratio: bool) -> dict[str, Fit]:
    """Return the fit of each member by so many periods before; none where there is one member only."""
    sides = [
        {name: [float(value) for value in side[: periods + 1]] for name, side in amounts.items()}
        for amounts in (
            {name: one.top for name, one in members.items()},
            {name: one.bottom for name, one in members.items()},
        )
    ]
    fits = _fits_of_ratio(*sides) if is_ratio else _fits_of_sums(sides[0])
    return {name: fit for name, fit in fits.items() if fit}


def scores_of(fits: Mapping[str, Mapping[str, Fit]], least: float) -> dict[tuple[str, str], float]:
    """Return the score of each dimension's member; `least` is the smallest dispersion that there can be."""
    common = max(least, _dispersion([fit for members in fits.values() for fit in members.values()]))
    scores = {}
    for dimension, members in fits.items():
        here = max(common, _dispersion(list(members.values())))
        for name, fit in members.items():
            scores[dimension, name] = fit.distance(here) ** 2 / 2 - math.log(len(members))
    return scores


def _dispersion(fits: Sequence[Fit]) -> float:
    """Return the median dispersion of the members that are not small."""
    found = [fit.dispersion for fit in fits if fit.share >= LEAST_SHARE]
    return median(found) if found else 0.0


def _fits_of_sums(tops: Mapping[str, list[float]]) -> dict[str, Fit | None]:
    sums = [sum(column) for column in zip(*tops.values(), strict=True)]
    return {name: _fit_of_sum(own, sums) for name, own in tops.items()}


def _fit_of_sum(own: list[float], sums: list[float]) -> Fit | None:
    others = [whole - value for whole, value in zip(sums, own, strict=True)]
    if (rest := sum(others[1:])) <= 0:
        return None
    odds, periods = sum(own[1:]) / rest, len(own) - 1
    expected = [odds * value for value in others]
    variance = fmean(expected[1:]) * (1 + odds)
    return Fit(
        actual=own[0],
        expected=expected[0],
        variance=(1 + odds) * (1 + 1 / periods),
        dispersion=_squares(own, expected) / variance / (periods - 1) if variance else 0.0,
        share=sum(own[1:]) / sum(sums[1:]),
        periods=periods,
        is_ratio=False,
    )


def _fits_of_ratio(
    tops: Mapping[str, list[float]], bottoms: Mapping[str, list[float]]
) -> dict[str, Fit | None]:
    """Return fits of what each member adds to the ratio above or below that of the history."""
    top, bottom = ([sum(column) for column in zip(*side.values(), strict=True)] for side in (tops, bottoms))
    if not tops or not all(bottom):
        return {}
    level = sum(top[1:]) / sum(bottom[1:])
    effects = [t / b - level for t, b in zip(top, bottom, strict=True)]
    fits = {}
    for name, own in tops.items():
        added = [(t - level * b) / whole for t, b, whole in zip(own, bottoms[name], bottom, strict=True)]
        shares = [b / whole for b, whole in zip(bottoms[name], bottom, strict=True)]
        fits[name] = _fit_of_effect(added, effects, shares, bottom)
    return fits


def _fit_of_effect(
    own: list[float], effects: list[float], shares: list[float], bottom: list[float]
) -> Fit | None:
    """Return the fit of a member that has the shares of the denominators, and adds its own to the effects."""
    if max(shares) >= 1 or not any(shares[1:]):
        return None
    usual, usual_of_others = fmean(own[1:]), fmean(effects[1:]) - fmean(own[1:])
    odds = [share / (1 - share) for share in shares]
    expected = [
        usual + odd * (effect - value - usual_of_others)
        for odd, effect, value in zip(odds, effects, own, strict=True)
    ]
    variances = [odd / whole for odd, whole in zip(odds, bottom, strict=True)]
    periods, variance = len(own) - 1, fmean(variances[1:])
    return Fit(
        actual=own[0],
        expected=expected[0],
        variance=variances[0] * (1 + 1 / periods) or variance,
        dispersion=_squares(own, expected) / variance / (periods - 1),
        share=fmean(shares[1:]),
        periods=periods,
        is_ratio=True,
    )


def _squares(own: Sequence[float], expected: Sequence[float]) -> float:
    """Return the sum of the squared distances in the periods before."""
    return sum((value - there) ** 2 for value, there in zip(own[1:], expected[1:], strict=True))
