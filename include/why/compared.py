"""The amounts of a day or week and of the eight before, in total and by members of a dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from psycopg2.extensions import cursor as Cursor

from include.metrics.formats import named
from include.metrics.periods import DAYS
from include.metrics.questions import Condition, Question
from include.metrics.sql import ask
from include.why.composition import Composition

# How many periods say what is usual.
HISTORY = 8


@dataclass(frozen=True)
class Star:
    """Where the tables of the star are read."""

    cursor: Cursor
    schema: str


@dataclass(frozen=True)
class Period:
    """A day, or an ISO week by its Monday. The one before begins a week earlier: weekdays differ."""

    grain: str
    start: date

    def __str__(self) -> str:
        return f"on {self.start:%A} {self.start}" if self.grain == "day" else f"in the week of {self.start}"

    @property
    def last(self) -> date:
        """Return its last day."""
        return self.start + timedelta(days=DAYS[self.grain] - 1)

    def before(self, weeks: int = 1) -> "Period":
        """Return the period of the same weekdays so many weeks before."""
        return Period(self.grain, self.start - timedelta(weeks=weeks))


@dataclass(frozen=True)
class Amounts:
    """Numerator and denominator (1 where there is none) of the period, then of those before, newest first."""

    top: tuple[Fraction, ...]
    bottom: tuple[Fraction, ...]


def amounts_by(
    star: Star, composition: Composition, periods: Sequence[Period], dimension: str
) -> dict[str, Amounts]:
    """Return the amounts of each member of the dimension in the periods, by one query."""
    grain = periods[0].grain
    where = (Condition(grain, "=", tuple(one.start.isoformat() for one in periods)),)
    found: dict[str, dict[date, dict]] = {}
    for row in _ask(star, composition, (grain, dimension), where):
        found.setdefault(named(dimension, row[dimension]), {})[row[grain]] = row
    starts = [one.start for one in periods]
    return {name: _amounts(composition, by_start, starts) for name, by_start in found.items()}


def totals(star: Star, composition: Composition, period: Period) -> list[Amounts]:
    """Return the amounts of all members together: of the period and those before, by one query.

    For a day those of the other weekdays follow: of the day before and those before it, and so on.
    """
    step = timedelta(days=DAYS[period.grain])
    count = 7 // step.days * (HISTORY + 1)
    starts = [period.start - number * step for number in range(count)]
    where = tuple(
        Condition(period.grain, operator, (day.isoformat(),))
        for operator, day in ((">=", starts[-1]), ("<=", starts[0]))
    )
    by_start = {row[period.grain]: row for row in _ask(star, composition, (period.grain,), where)}
    weekdays = 7 // step.days
    return [_amounts(composition, by_start, starts[first::weekdays]) for first in range(weekdays)]


def history(amounts: Amounts) -> int:
    """Return how many periods before there are: those older than the first with an amount do not count."""
    there = [place for place in range(1, len(amounts.top)) if amounts.top[place]]
    return max(there, default=0)


def _ask(
    star: Star, composition: Composition, by: tuple[str, ...], where: tuple[Condition, ...]
) -> list[dict]:
    question = Question(composition.asked, by, where)
    return ask(star.cursor, composition.definitions, question, star.schema)


def _amounts(composition: Composition, by_start: dict[date, dict], starts: Sequence[date]) -> Amounts:
    rows = [by_start.get(start, {}) for start in starts]
    top, *bottom = ([Fraction(row.get(name) or 0) for row in rows] for name in composition.asked)
    return Amounts(tuple(top), tuple(bottom[0]) if bottom else (Fraction(1),) * len(rows))
