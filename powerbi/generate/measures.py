"""The metrics as measures, in a table of their own."""

from include.metrics.checks import fields_of_metric
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
    """Return the table of the measures; `cards` are metrics that a report shows as one number."""
    dax = dax_of(definitions)
    measures = [
        Measure(one.label, dax[one.label], one.description, _format(one), one.meta["folder"])
        for one in definitions.metrics.values()
    ]
    for name in dict.fromkeys(cards):
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


def _of_last_month(metric: Metric) -> Measure:
    date, watched = NAMES.column(CALENDAR, "date"), NAMES.column("fct_viewing_sessions", "watch_date")
    text = f"{metric.description} {OF_THE_LAST}"
    dax = LAST_MONTH.format(date=date, watched=watched, label=metric.label)
    return Measure(OF_LAST_MONTH.format(metric.label), dax, text, _format(metric), LAST_MONTHS)


def _format(metric: Metric) -> str:
    """Return the format as Power BI's rules want it: #,0 for #,##0, and one for each sign of a share."""
    given = metric.meta["format"].replace("#,##0", "#,0")
    return given if not given.endswith("%") else "#,0.0%;-#,0.0%;#,0.0%"
