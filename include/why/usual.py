"""What a total was to be expected to be, and how far from that is usual.

A line through the eight periods before says what is to be expected; their distances from it say how wide
the usual range is: some three standard deviations of a prediction, more where few distances are known.
For a day those of all weekdays count, each from the line of its own weekday.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

# A line through fewer periods says nothing.
FEWEST = 4
SIGMAS = 3.25


@dataclass(frozen=True)
class Usual:
    """What was to be expected, and the range that is usual, learnt from so many periods."""

    expected: float
    low: float
    high: float
    periods: int

    def holds(self, value: float) -> bool:
        """Tell whether the value is in the range."""
        return self.low <= value <= self.high


def usual_range(same: Sequence[float], others: Sequence[Sequence[float]], floor: float = 0.0) -> Usual | None:
    """Return what is usual after the values `same`, newest first; None where they are too few.

    `others` are series that are as restless, in relation to their mean; `floor` is a standard deviation.
    """
    if len(same) < FEWEST or not fmean(same):
        return None
    spread, freedom = spread_of([same, *others])
    count, (expected, _) = len(same), _line(same)
    # Of a line that is drawn on by one step.
    ahead = 1 + 1 / count + 3 * (count + 1) / (count * (count - 1))
    sigma = max(abs(fmean(same)) * spread, floor) * math.sqrt(ahead)
    # Student's t: the first term of its distance from the normal distribution.
    width = sigma * (SIGMAS + (SIGMAS**3 + SIGMAS) / (4 * freedom))
    low = expected - width
    return Usual(expected, max(low, 0.0) if min(same) >= 0 else low, expected + width, count)


def spread_of(many: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Return the standard deviation from the series' lines, by their means, and its degrees of freedom."""
    known = [one for one in many if len(one) >= FEWEST and fmean(one)]
    freedom = sum(len(one) - 2 for one in known)
    return (math.sqrt(sum(map(_squares, known)) / freedom) if freedom else 0.0), freedom


def _squares(series: Sequence[float]) -> float:
    """Return the sum of the squared distances from the line, in relation to the mean."""
    level, slope = _line(series)
    distances = (value - level - slope * place for place, value in enumerate(series, start=1))
    return sum((one / fmean(series)) ** 2 for one in distances)


def _line(series: Sequence[float]) -> tuple[float, float]:
    """Return level and slope of the line through the values at 1, 2, ...; the level is that at 0."""
    places = range(1, len(series) + 1)
    middle, mean = fmean(places), fmean(series)
    slope = sum((place - middle) * (value - mean) for place, value in zip(places, series, strict=True))
    slope /= sum((place - middle) ** 2 for place in places)
    return mean - slope * middle, slope
