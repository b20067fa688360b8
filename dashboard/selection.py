"""What a reader has chosen: days, and values of fields. It comes from the address of a page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from include.errors import MetricError
from include.metrics import Condition, Definitions
from include.metrics.definitions import GRAINS
from include.metrics.fields import all_fields
from include.metrics.periods import first_day

# The filters of each page.
FILTERS = ("country", "plan", "device", "content_type", "genre")
# Arguments of an address that say nothing of which rows count, and its days.
OTHERS = {"from", "to", "page", "metric", "week", "day_of", "by"}
DEFAULT_DAYS = 84
# As many days before them there are as well.
YEARS = range(1900, 2200)
PRESETS = {"4 weeks": 28, "12 weeks": 84, "52 weeks": 364}


@dataclass(frozen=True)
class Selection:
    """Days from `first` to `last`, and for each chosen field the values of which one must hold."""

    first: date
    last: date
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def fields(self) -> set[str]:
        """Return the fields of which values are chosen."""
        return {name for name, _ in self.chosen}

    def values(self, field: str) -> tuple[str, ...]:
        """Return the chosen values of the field."""
        return dict(self.chosen).get(field, ())

    def before(self) -> "Selection":
        """Return the same for as many days before."""
        span = timedelta(days=self.days)
        return replace(self, first=self.first - span, last=self.last - span)

    def within(self, first: date, last: date) -> "Selection":
        """Return the same of those of its days that are in the span."""
        return replace(self, first=max(self.first, first), last=min(self.last, last))

    def conditions(self, fields: Iterable[str]) -> tuple[Condition, ...]:
        """Return the conditions on those of the fields of which values are chosen."""
        return tuple(Condition(name, "=", values) for name, values in self.chosen if name in fields)

    def with_values(self, **values: Iterable[str]) -> "Selection":
        """Return the selection with other values of the fields; none takes a field out."""
        chosen = dict(self.chosen) | {name: tuple(found) for name, found in values.items()}
        return replace(self, chosen=tuple((name, found) for name, found in chosen.items() if found))

    def arguments(self) -> dict[str, object]:
        """Return the selection as arguments of an address."""
        days = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return days | {name: list(values) for name, values in self.chosen}


def read_selection(
    definitions: Definitions, arguments: Mapping[str, list[str]], extent: tuple[date, date]
) -> Selection:
    """Return what the address asks for; without days the last weeks of the data, whose extent is given.

    Raises MetricError, with a sentence, for a field or day that there is not.
    """
    first, last = (_day(arguments, name) for name in ("from", "to"))
    last = last or extent[1]
    first = first or max(extent[0], last - timedelta(days=DEFAULT_DAYS - 1))
    if first > last:
        raise MetricError(f"The first day, {first}, is after the last one, {last}")
    if not (first.year in YEARS and last.year in YEARS):
        raise MetricError(f"Days are those of the years {YEARS[0]} to {YEARS[-1]}")
    chosen = {name: tuple(filter(None, values)) for name, values in arguments.items() if name not in OTHERS}
    if unknown := sorted(set(chosen) - all_fields(definitions)):
        raise MetricError(f"There is no field {unknown[0]!r} to filter by")
    for grain in set(chosen) & set(GRAINS):
        for value in chosen[grain]:
            first_day(grain, value)
    return Selection(first, last, tuple((name, values) for name, values in chosen.items() if values))


def _day(arguments: Mapping[str, list[str]], name: str) -> date | None:
    text = (arguments.get(name) or [""])[0]
    return first_day("day", text) if text else None
