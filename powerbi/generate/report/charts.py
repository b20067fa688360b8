"""A chart of the dashboard as a visual of Power BI."""

from dashboard.pages import TIME, Chart
from include.errors import InputError
from include.metrics import Question
from include.metrics.checks import check
from include.metrics.dax_names import Names
from include.metrics.definitions import Definitions, Metric
from powerbi.generate.report import filters
from powerbi.generate.report.fields import Field, column, field_of, measure
from powerbi.generate.report.theme import palette
from powerbi.generate.report.visuals import AXES, Visual, heat

NAMES = Names()
# The period of a line over time; the dashboard takes days or weeks where fewer of them are chosen.
PERIOD = "month"
# A number of a title as the measure that a chart of dots needs.
AVERAGES = {"rating": "average_rating"}
# Fields with an order of their own; all others stand by their number.
ORDERED = ("age_band", "session_length")
COHORTS = "months_since_registration"


def chart(definitions: Definitions, given: Chart) -> Visual:
    """Return the chart as a visual.

    Raises InputError for a chart of another form, and where its numbers have no one answer by its fields.
    """
    by = tuple(PERIOD if name == TIME else name for name in given.by)
    _check(given)
    check(definitions, Question(given.metrics, by))
    fields = tuple(field_of(definitions, name) for name in by)
    metrics = [definitions.metrics[name] for name in given.metrics]
    kind = KINDS[given.kind]
    return kind(definitions, given, fields, metrics)


def _check(given: Chart) -> None:
    form = (len(given.metrics), len(given.by), given.against)
    if form not in FORMS.get(given.kind, ()):
        raise InputError(
            f"The chart {given.name} cannot be a visual: {given.kind} with {len(given.metrics)} metrics,"
            f" {len(given.by)} fields, against {given.against}. charts.py has the forms that can"
        )


def _bars(definitions: Definitions, given: Chart, fields: tuple[Field, ...], metrics: list[Metric]) -> Visual:
    (field,), (metric,) = fields, metrics
    value = measure(metric.label)
    sort = (field, "Ascending") if given.by[0] in ORDERED else (value, "Descending")
    kept = (filters.most(field, value, given.most),) if given.most else ()
    data = {"Category": fields, "Y": (value,)}
    title = f"{_title(metrics, fields)}{f', the first {given.most}' if given.most else ''}"
    return Visual(
        given.name, "clusteredBarChart", title, _text("Bars", metrics, fields), data, AXES, sort, kept
    )


def _lines(
    definitions: Definitions, given: Chart, fields: tuple[Field, ...], metrics: list[Metric]
) -> Visual:
    *series, time = fields
    data = {"Category": (time,), "Y": (measure(metrics[0].label),)} | ({"Series": series} if series else {})
    title, text = _title(metrics, fields), _text("Lines", metrics, fields)
    return Visual(given.name, "lineChart", title, text, data, AXES, (time, "Ascending"))


def _stack(
    definitions: Definitions, given: Chart, fields: tuple[Field, ...], metrics: list[Metric]
) -> Visual:
    field, series = fields
    value = measure(metrics[0].label)
    data = {"Category": (field,), "Y": (value,), "Series": (series,)}
    title, text = _title(metrics, fields), _text("Stacked bars", metrics, fields)
    return Visual(given.name, "barChart", title, text, data, AXES, (value, "Descending"))


def _heat(definitions: Definitions, given: Chart, fields: tuple[Field, ...], metrics: list[Metric]) -> Visual:
    rows, columns = fields
    value, colours = measure(metrics[0].label), palette()
    data = {"Rows": (rows,), "Columns": (columns,), "Values": (value,)}
    whole = column(definitions.models["cohorts"].table, "is_complete")
    kept = (filters.only(whole, True),) if COHORTS in given.by else ()
    shades = heat(value, colours["heat-low"], colours["heat-middle"])
    title, text = _title(metrics, fields), _text("Table, darker where it is more", metrics, fields)
    return Visual(given.name, "pivotTable", title, text, data, shades, filters=kept)


def _dots(definitions: Definitions, given: Chart, fields: tuple[Field, ...], metrics: list[Metric]) -> Visual:
    if given.against:
        metrics = [definitions.metrics[AVERAGES[given.against]], *metrics]
    across, up = (measure(metric.label) for metric in metrics)
    data = {"Category": fields[:1], "X": (across,), "Y": (up,)}
    title = f"{metrics[1].label} against {metrics[0].label.lower()}, by {fields[0].label.lower()}"
    return Visual(given.name, "scatterChart", title, _text("Dots", metrics, fields[:1]), data, AXES)


def _title(metrics: list[Metric], fields: tuple[Field, ...]) -> str:
    return f"{metrics[0].label} by {' and '.join(field.label.lower() for field in fields)}"


def _text(kind: str, metrics: list[Metric], fields: tuple[Field, ...]) -> str:
    by = " and ".join(field.label.lower() for field in fields)
    return f"{kind}, by {by}. {' '.join(f'{one.label}: {one.description}' for one in metrics)}"


# How many metrics and fields a chart has, and against what its dots are.
FORMS = {
    "bars": {(1, 1, None)},
    "lines": {(1, 1, None), (1, 2, None)},
    "stack": {(1, 2, None)},
    "heat": {(1, 2, None)},
    "dots": {(2, 1, None), *((1, 2, name) for name in AVERAGES)},
}
KINDS = {"bars": _bars, "lines": _lines, "stack": _stack, "heat": _heat, "dots": _dots}
