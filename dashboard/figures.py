"""The numbers of a chart: its rows, asked of the star, with titles, formats, and the sessions behind each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from dashboard.answers import COHORTS, asked_of
from dashboard.pages import TIME, Chart
from dashboard.selection import Selection
from dashboard.star import Star
from include.metrics import Question
from include.metrics.checks import fields_of_metric
from include.metrics.definitions import GRAINS, Definitions, Metric
from include.metrics.formats import named, shown
from include.metrics.periods import moved

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Under 18, 18-24, 65+, 0-14 min, 120 min or more, 7.
BAND = re.compile(r"(Under )?(\d{1,3})(\D.*)?")
LAST_PLACE = 1000
# So many days are shown by day, so many by week.
MOST_DAYS, MOST_WEEKS = 92, 400
NOTHING = "none"


@dataclass(frozen=True)
class Row:
    """One row of a table: values as they are and as they are read, and the sessions behind them."""

    keys: tuple[object, ...]
    values: tuple[object, ...]
    cells: tuple[str, ...]
    behind: Selection | None


@dataclass(frozen=True)
class Figure:
    """A chart's numbers. `fields` are those of the keys, `metrics` those of the values."""

    chart: Chart
    fields: tuple[str, ...]
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    left_out: tuple[str, ...]
    is_dated: bool

    def headers(self, definitions: Definitions) -> list[str]:
        """Return the names of the table's columns."""
        return [*(label_of(definitions, name) for name in self.fields), *(one.label for one in self.metrics)]


def figure_of(star: Star, chart: Chart, selection: Selection) -> Figure:
    """Return the numbers of the chart; each metric is asked of what it can be filtered by."""
    chart = replace(chart, by=tuple(_time(selection) if name == TIME else name for name in chart.by))
    asked = [asked_of(star.definitions, name, selection, chart.by) for name in chart.metrics]
    found: dict[tuple, dict[str, object]] = {}
    for one in asked:
        for row in star.ask(Question((one.metric.name,), chart.by, one.where)):
            key = tuple(row[name] for name in chart.by)
            found.setdefault(key, {})[one.metric.name] = row[one.metric.name]
    metrics = tuple(one.metric for one in asked)
    rows = [
        _row(star.definitions, chart.by, metrics, key, values, selection) for key, values in found.items()
    ]
    left_out = sorted({name for one in asked for name in one.left_out})
    is_dated = any(one.is_dated for one in asked)
    return Figure(chart, chart.by, metrics, tuple(_sorted(chart, rows)), tuple(left_out), is_dated)


def label_of(definitions: Definitions, field: str) -> str:
    """Return the name of a field, as people read it."""
    if field in GRAINS:
        return field.capitalize()
    found = (one.dimensions[field] for one in definitions.models.values() if field in one.dimensions)
    return next((one.label for one in found if one.label), field)


def format_of(metric: Metric) -> str:
    """Return the metric's format, as Power BI writes it."""
    return metric.meta.get("format", "#,##0")


def _row(
    definitions: Definitions,
    fields: tuple[str, ...],
    metrics: tuple[Metric, ...],
    keys: tuple,
    values: dict[str, object],
    selection: Selection,
) -> Row:
    numbers = tuple(values.get(one.name) for one in metrics)
    cells = (
        *(named(field, key) for field, key in zip(fields, keys, strict=True)),
        *(shown(value, format_of(one)) or NOTHING for value, one in zip(numbers, metrics, strict=True)),
    )
    return Row(keys, numbers, cells, behind(definitions, selection, dict(zip(fields, keys, strict=True))))


def behind(definitions: Definitions, selection: Selection, keys: dict[str, object]) -> Selection | None:
    """Return the selection of the sessions that a row is made of; None where a value cannot be named."""
    if None in keys.values():
        return None
    if COHORTS in keys:
        start = keys["cohort_month"]
        month = moved("month", start, keys[COHORTS])
        selection = replace(selection, first=month, last=moved("month", month, 1) - date.resolution)
        keys = {"cohort_month": start}
    fields = fields_of_metric(definitions, definitions.metrics["sessions"]) | {"genre"}
    chosen = {name: (named(name, value),) for name, value in keys.items() if name in fields}
    if grain := next((name for name in GRAINS if name in chosen), None):
        first = keys[grain]
        selection = selection.within(first, moved(grain, first, 1) - date.resolution)
        del chosen[grain]
    return selection.with_values(**chosen)


def _time(selection: Selection) -> str:
    return "day" if selection.days <= MOST_DAYS else "week" if selection.days <= MOST_WEEKS else "month"


def _sorted(chart: Chart, rows: Iterable[Row]) -> list[Row]:
    """Return members by their number, the largest first; periods and ordered fields in their order."""
    rows = list(rows)
    if chart.kind == "bars" and chart.by[0] not in ("age_band", "session_length"):
        return sorted(rows, key=lambda row: (-(row.values[0] or 0), row.cells))
    return sorted(rows, key=lambda row: [order_of(cell) for cell in row.cells[: len(chart.by)]])


def order_of(text: str) -> tuple:
    """Return what sorts names: weekdays from Monday on, bands and counts by number, all else as text."""
    if text in WEEKDAYS:
        return WEEKDAYS.index(text), ""
    if band := BAND.fullmatch(text):
        return int(band[2]) - bool(band[1]), ""
    return LAST_PLACE, text
