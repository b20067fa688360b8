"""The metrics as measures, in a table of their own."""

from include.errors import InputError
from include.metrics import Question
from include.metrics.checks import check, fields_of_metric
from include.metrics.dax import measures as dax_of
from include.metrics.dax_names import Names
from include.metrics.definitions import CALENDAR, Definitions, Metric
from powerbi.generate.model import Column, Measure, Table

NAMES = Names()
TABLE = "Metrics"
# A table must have a column.
PLACEHOLDER = "Metric"
OF_LAST_MONTH = "{} of the last month"
LAST_MONTHS = "Last whole month"
OF_THE_LAST = "Here of the last month that was over on the last day that is chosen and has data."
LAST_MONTH = """VAR _last = MIN ( MAX ( {date} ), CALCULATE ( MAX ( {watched} ), REMOVEFILTERS () ) )
VAR _until = EOMONTH ( _last + 1, -1 )
RETURN CALCULATE ( [{label}], DATESBETWEEN ( {date}, EOMONTH ( _until, -1 ) + 1, _until ) )"""


def measure_table(definitions: Definitions, cards: list[str]) -> Table:
    """Return the table of the measures; `cards` are metrics that a report shows as one number.

    Raises InputError for a metric without format or folder, and for a card of what is no number of many days.
    """
    dax = dax_of(definitions)
    measures = [
        Measure(one.label, dax[one.label], one.description, _format(one), _meta(one, "folder"))
        for one in definitions.metrics.values()
    ]
    for name in dict.fromkeys(cards):
        _check_card(definitions, name)
        if is_of_a_month(definitions, definitions.metrics[name]):
            measures.append(_of_last_month(definitions.metrics[name]))
    column = Column(
        PLACEHOLDER, "string", "Holds nothing: a table must have a column.", PLACEHOLDER, is_hidden=True
    )
    text = "The numbers of the business; each is defined once, in dbt/models/semantic."
    return Table(TABLE, text, None, (column,), tuple(measures))


def is_of_a_month(definitions: Definitions, metric: Metric) -> bool:
    """Tell whether the metric is a number of months, and not of days."""
    fields = fields_of_metric(definitions, metric)
    return "month" in fields and "day" not in fields


def _check_card(definitions: Definitions, name: str) -> None:
    """Raise MetricError where no metric has the name, and for a number of one day: a card is of all days."""
    metric = definitions.metrics.get(name)
    check(definitions, Question((name,), ("month",) if metric and is_of_a_month(definitions, metric) else ()))


def _of_last_month(metric: Metric) -> Measure:
    date, watched = NAMES.column(CALENDAR, "date"), NAMES.column("fct_viewing_sessions", "watch_date")
    text = f"{metric.description} {OF_THE_LAST}"
    dax = LAST_MONTH.format(date=date, watched=watched, label=metric.label)
    return Measure(OF_LAST_MONTH.format(metric.label), dax, text, _format(metric), LAST_MONTHS)


def _format(metric: Metric) -> str:
    """Return the format as Power BI's rules want it: #,0 for #,##0, and one for each sign of a share."""
    given = _meta(metric, "format").replace("#,##0", "#,0")
    return given if not given.endswith("%") else f"#,{given};-#,{given};#,{given}"


def _meta(metric: Metric, name: str) -> str:
    given = metric.meta.get(name)
    if not isinstance(given, str) or not given:
        raise InputError(f"{metric.name} has no {name} in its meta, or one that is no text")
    return given
