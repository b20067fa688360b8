"""A question for metrics: which ones, by what, and of which rows.

A field is the name of a dimension, or day, week, month, quarter or year.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from include.errors import MetricError
from include.metrics.definitions import GRAINS

# A value with a comma, an operator or blanks around it stands in single quotes.
CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*('(?:[^']|'')*'|[^,]*)\s*(?:,|$)")
VALUE = re.compile(r"\s*('(?:[^']|'')*'|[^,=<>!]+)\s*(?:,|$)")


@dataclass(frozen=True)
class Condition:
    """Which rows count. `=` with several values is any of them, `!=` none of them.

    Values of periods are those that `first_day` reads.
    """

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Metrics by fields, of the rows for which all conditions hold."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()

    @property
    def grains(self) -> list[str]:
        """Return the periods among `by`."""
        return [name for name in self.by if name in GRAINS]

    @property
    def pinned(self) -> set[str]:
        """Return the fields of which a condition leaves one value."""
        return {one.field for one in self.where if one.operator == "=" and len(one.values) == 1}

    @property
    def periods(self) -> list[Condition]:
        """Return the conditions on periods."""
        return [one for one in self.where if one.field in GRAINS]


def ask_for(metrics: str, by: str = "", where: str = "") -> Question:
    """Read a question as people write it: names with commas, conditions as `plan=Premium, month>=2024-06`.

    Raises MetricError where a condition cannot be read.
    """
    return Question(_names(metrics), _names(by), tuple(_conditions(where)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _conditions(text: str) -> Iterable[Condition]:
    place = 0
    while text[place:].strip():
        if not (found := CONDITION.match(text, place)):
            raise MetricError(
                f"WHERE cannot be read from {text[place:].strip()!r} on. Write conditions as"
                " plan=Premium, country=Spain,Chile, month>=2024-06; a value with a comma in single quotes"
            )
        values, place = [found[3]], found.end()
        # Further values of the same condition, as in country=Spain,Chile.
        while (more := VALUE.match(text, place)) and not CONDITION.match(text, place):
            values, place = [*values, more[1]], more.end()
        yield Condition(found[1], found[2], tuple(map(_unquoted, values)))


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text
