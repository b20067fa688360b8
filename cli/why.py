"""`make why M=watch_hours DAY=2024-08-30`, or WEEK=: parts that explain a KPI's change, and data events."""

from collections.abc import Iterator
from fractions import Fraction

from psycopg2.extensions import connection as Connection

from cli.output import print_table
from cli.sql import star_needed
from include.errors import MetricError
from include.metrics import read_definitions
from include.metrics.periods import first_day, start_of
from include.transaction import transaction
from include.why.compared import Period
from include.why.events import Event, read_events
from include.why.explain import explain
from include.why.explanation import Explanation, Part, folded
from include.why.words import (
    difference,
    differences,
    member,
    percent,
    rows,
    sentence,
    time,
    usual_range,
    value,
)

HEADERS = ("by", "part", "before", "after", "change", "of it", "")
LINE = "{:14}{:34}{:>12}{:>12}{:>14}{:>10}  {}"
MOST_PARTS, MOST_EVENTS = 5, 20
EXAMPLE = "make why M=watch_hours DAY=2024-08-30, or WEEK= and any day of it"
NOTHING = "Nothing is recorded: no late, deleted or rejected rows, no drift, no load that failed."
# A share of next to nothing says nothing.
LEAST_CHANGE = Fraction(1, 100)


def period_of(day: str, week: str) -> Period:
    """Return the period that was asked for. Raises MetricError unless it is exactly one."""
    if bool(day.strip()) == bool(week.strip()):
        raise MetricError(f"Name either a DAY or a WEEK: {EXAMPLE}")
    grain, text = ("day", day) if day.strip() else ("week", week)
    return Period(grain, start_of(grain, first_day(grain, text)))


def print_why(star: Connection, loader: Connection, metric: str, period: Period) -> None:
    """Print the explanation, and the data events of the time. Raises MetricError as `explain`."""
    star.set_session(readonly=True)
    with star_needed(), transaction(star) as cursor:
        explanation = explain(cursor, read_definitions(), metric, period)
    with transaction(loader) as cursor:
        events = read_events(cursor, period)
    _print(explanation, events)


def _print(explanation: Explanation, events: list[Event]) -> None:
    print(
        f"{explanation.metric.name} ({explanation.metric.label}), {time(explanation.period)}:"
        f" {value(explanation, explanation.after)}; before {value(explanation, explanation.before)},"
        f" change {difference(explanation, explanation.change)}; usual {usual_range(explanation)}\n"
    )
    print(f"{sentence(explanation)}\n")
    print_table(HEADERS, LINE, _rows(explanation))
    print(f"\nWhat happened to the data of that time\n  {rows(explanation)}")
    for event in events[:MOST_EVENTS] or [NOTHING]:
        print(f"  {event}")
    if len(events) > MOST_EVENTS:
        print(f"  and {len(events) - MOST_EVENTS} more")


def _rows(explanation: Explanation) -> Iterator[tuple[str, ...]]:
    for dimension in explanation.parts:
        parts = folded(explanation, dimension, MOST_PARTS)
        changes = differences(explanation, [part.change for part in parts])
        for part, change in zip(parts, changes, strict=True):
            # Weights have eight decimals: what that leaves is shown where it can be seen.
            if part.member or change.strip("0. points"):
                yield _row(explanation, part, change)


def _row(explanation: Explanation, part: Part, change: str) -> tuple[str, ...]:
    is_little = abs(explanation.change) < LEAST_CHANGE * abs(explanation.before)
    return (
        part.dimension,
        member(explanation, part),
        value(explanation, part.before),
        value(explanation, part.after),
        change,
        "" if is_little else percent(part.change, explanation.change),
        _mark(explanation, part),
    )


def _mark(explanation: Explanation, part: Part) -> str:
    if part not in explanation.causes:
        return ""
    return "<- look here first" if part == explanation.causes[0] else "<- unusual"
