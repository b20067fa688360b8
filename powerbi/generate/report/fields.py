"""Fields of the model as PBIR writes them. Format: schemas semanticQuery 1.4.0, visualConfiguration 2.3.0."""

from collections.abc import Iterable
from dataclasses import dataclass

from include.errors import InputError
from include.metrics.dax_columns import column_of
from include.metrics.dax_names import Names, title
from include.metrics.definitions import CALENDAR, GRAINS, Definitions
from include.metrics.fields import categories
from powerbi.generate.measures import TABLE

NAMES = Names()
# The calendar's columns of a period.
PERIODS = {
    "day": "date",
    "week": "week_start_date",
    "month": "month_start_date",
    "year": "year",
}


@dataclass(frozen=True)
class Field:
    """A column or measure of the model, and how a visual calls it."""

    table: str
    name: str
    label: str
    is_measure: bool = False

    @property
    def expression(self) -> dict:
        """Return the field in a query."""
        return self.of({"Entity": self.table})

    def of(self, source: dict) -> dict:
        """Return the field of a source of a query."""
        kind = "Measure" if self.is_measure else "Column"
        return {kind: {"Expression": {"SourceRef": source}, "Property": self.name}}

    @property
    def ref(self) -> str:
        """Return the name by which a visual's parts refer to the field."""
        return f"{self.table}.{self.name}"

    def projection(self, *, is_active: bool = False) -> dict:
        """Return the field as part of a visual; an active one is what is grouped by."""
        shown = {"field": self.expression, "queryRef": self.ref, "nativeQueryRef": self.name}
        if self.label != self.name:
            shown["displayName"] = self.label
        return shown | ({"active": True} if is_active else {})


def measure(label: str) -> Field:
    """Return a measure by its label."""
    return Field(TABLE, label, label, is_measure=True)


def column(table: str, name: str, label: str | None = None) -> Field:
    """Return a column by its name in the star."""
    return Field(NAMES.table(table), title(name), label or title(name))


def field_of(definitions: Definitions, name: str) -> Field:
    """Return the column of a field of questions: of the table that others point to, where one has it.

    Raises InputError for a period that no column of the calendar stands for.
    """
    if name in GRAINS and name not in PERIODS:
        raise InputError(f"No column of {CALENDAR} is a {name} of one year: show {', '.join(PERIODS)}")
    if name in PERIODS:
        return column(CALENDAR, PERIODS[name], name.capitalize())
    found = {
        model.name: (model, one)
        for model in _dimensions_first(definitions)
        for one in categories(model)
        if one.name == name
    }
    model, one = next(iter(found.values()))
    return Field(NAMES.table(model.table), column_of(one), one.label or title(name))


def _dimensions_first(definitions: Definitions) -> Iterable:
    pointed_to = {e for m in definitions.models.values() for e in m.entities if e != m.key}
    return sorted(definitions.models.values(), key=lambda model: model.key not in pointed_to)
