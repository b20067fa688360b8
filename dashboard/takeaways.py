"""One line beside each chart: what is to be seen in it, computed from its numbers."""

from statistics import StatisticsError, correlation

from dashboard.answers import COHORTS
from dashboard.figures import Figure, Row, format_of
from include.metrics.definitions import Metric
from include.metrics.formats import shown

EMPTY = "There are no numbers for these days and filters."
# Below it nobody sees a relation in a cloud of dots.
WEAK = 0.2


def takeaway_of(figure: Figure) -> str:
    """Return the sentence."""
    rows = [row for row in figure.rows if None not in row.values and None not in row.keys]
    if not rows:
        return EMPTY
    return KINDS[figure.chart.kind](figure, rows)


def _bars(figure: Figure, rows: list[Row]) -> str:
    best = max(rows, key=lambda row: row.values[0])
    said = f"{_name(best, figure)} has most: {_value(figure.metrics[0], best.values[0])}"
    total = sum(row.values[0] for row in rows)
    if len(rows) > 1 and total and is_added_up(figure.metrics[0]):
        said += f", {shown(best.values[0] / total, '0.0%')} of all {len(rows)}"
    return f"{said}."


def _lines(figure: Figure, rows: list[Row]) -> str:
    if len(figure.fields) == 2:
        return _newest(figure, rows)
    metric, first, last = figure.metrics[0], rows[0], rows[-1]
    best, least = (f(rows, key=lambda row: row.values[0]) for f in (max, min))
    return (
        f"From {_value(metric, first.values[0])} ({first.cells[0]}) to {_value(metric, last.values[0])}"
        f" ({last.cells[0]}); most on {best.cells[0]} with {_value(metric, best.values[0])}, least on"
        f" {least.cells[0]} with {_value(metric, least.values[0])}."
    )


def _newest(figure: Figure, rows: list[Row]) -> str:
    """Say which series leads at the end."""
    newest = max(row.keys[1] for row in rows)
    there = sorted((row for row in rows if row.keys[1] == newest), key=lambda row: -row.values[0])
    values = ", ".join(f"{row.cells[0]} {_value(figure.metrics[0], row.values[0])}" for row in there)
    return f"In the newest, {there[0].cells[1]}: {values}."


def _grid(figure: Figure, rows: list[Row]) -> str:
    best, least = (f(rows, key=lambda row: row.values[0]) for f in (max, min))
    metric = figure.metrics[0]
    return (
        f"Most in {_name(best, figure)} with {_value(metric, best.values[0])}, least in"
        f" {_name(least, figure)} with {_value(metric, least.values[0])}."
    )


def _retention(figure: Figure, rows: list[Row]) -> str:
    """Say what share is left after some months, of all cohorts that reach so far."""
    said = []
    for months in (1, 3, 6, 12):
        there = [float(row.values[0]) for row in rows if row.keys[1] == months]
        if there:
            said.append(f"{shown(sum(there) / len(there), '0.0%')} after {months}")
    return f"Of an average cohort watch: {', '.join(said)} months." if said else _grid(figure, rows)


def _dots(figure: Figure, rows: list[Row]) -> str:
    try:
        pairs = [tuple(map(float, (_x(figure, row), row.values[-1]))) for row in rows]
        found = correlation(*zip(*pairs, strict=True))
    except (StatisticsError, TypeError):
        return f"{len(rows)} titles."
    if abs(found) < WEAK:
        return f"No relation to speak of: the correlation of {len(rows)} titles is {found:+.2f}."
    way = "more" if found > 0 else "less"
    return f"The further right, the {way}: the correlation of {len(rows)} titles is {found:+.2f}."


def is_added_up(metric: Metric) -> bool:
    """Tell whether the metric's parts add up to the whole: shares, averages and people do not."""
    return metric.meta.get("unit") in ("sessions", "hours", "minutes", "currency") and metric.kind != "ratio"


def _x(figure: Figure, row: Row) -> object:
    return row.keys[figure.fields.index(figure.chart.against)] if figure.chart.against else row.values[0]


def _name(row: Row, figure: Figure) -> str:
    return ", ".join(row.cells[: len(figure.fields)])


def _value(metric: Metric, value: object) -> str:
    unit = metric.meta.get("unit", "")
    return shown(value, format_of(metric)) + (f" {unit}" if unit not in ("share", "") else "")


def _heat(figure: Figure, rows: list[Row]) -> str:
    is_retention = COHORTS in figure.fields
    return (_retention if is_retention else _grid)(figure, rows)


KINDS = {"bars": _bars, "lines": _lines, "stack": _grid, "heat": _heat, "dots": _dots}
