"""How many rows the table behind a metric has of a time, and from when to when it has any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from include.days import LAST
from include.errors import MetricError
from include.why.compared import Period, Star
from include.why.composition import TOP, Composition

# Of users who have not left the day is the end of time.
EXTENT = "select min(day), max(day) from {rows} where day <= %(last)s"
COUNTS = "select day, count(*) from {rows} where day between %(first)s and %(last)s group by day"


@dataclass(frozen=True)
class Rows:
    """Rows of a table in the period, and in those before, newest first."""

    table: str
    now: int
    before: tuple[int, ...]


def rows_of(star: Star, composition: Composition, periods: Sequence[Period]) -> Rows:
    """Return the rows of the table that the metric, or its numerator, is computed from."""
    table, rows = _rows(star, composition)
    first, last = periods[-1].start, periods[0].last
    star.cursor.execute(COUNTS.format(rows=rows), {"first": first, "last": last})
    by_day = dict(star.cursor.fetchall())
    counts = [sum(count for day, count in by_day.items() if one.start <= day <= one.last) for one in periods]
    return Rows(table, counts[0], tuple(counts[1:]))


def refuse_no_data(star: Star, composition: Composition, period: Period) -> None:
    """Raise MetricError where the table has no rows of the time or of the time before, or not yet all."""
    table, rows = _rows(star, composition)
    star.cursor.execute(EXTENT.format(rows=rows), {"last": LAST})
    first, last = star.cursor.fetchone()
    if first is None:
        raise MetricError(f"{table} is empty: there is nothing to explain")
    span = f"{table} has data from {first} to {last}"
    if period.start > last or period.last < first:
        raise MetricError(f"There are no data {period}: {span}")
    if period.before().start < first:
        raise MetricError(f"There are no data {period.before()} to compare with: {span}")
    if period.last > last:
        whole = last - timedelta(days=last.weekday() + 7)
        raise MetricError(f"The data {period} are not complete: {span}. Ask for a day of it, or WEEK={whole}")


def _rows(star: Star, composition: Composition) -> tuple[str, str]:
    """Return the table's name, and its dates as a `from` item."""
    measure = composition.definitions.metrics[TOP].measure
    model, found = composition.definitions.measures[measure]
    day = model.dimensions[found.time].sql
    return model.table, f"(select {day} as day from {star.schema}.{model.table}) as dated"
