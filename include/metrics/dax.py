"""The metrics as DAX measures for a Power BI model with the tables of the star.

The model has a relationship for every foreign key, filtering one way, and `dim_dates` marked as its date
table. What cannot be translated is refused by name, unless `dax` in a metric's `meta` gives it by hand. Only
development uses this module: sqlglot is not installed where the platform runs.
"""

from sqlglot import exp

from include.errors import Untranslatable
from include.metrics.dax_expressions import parsed, value
from include.metrics.dax_names import Names, bracketed
from include.metrics.dax_tables import Tables, calculate
from include.metrics.definitions import Definitions, Input, Metric, Offset
from include.metrics.parts import COUNTS

PERIODS = {
    "day": (1, "DAY"),
    "week": (7, "DAY"),
    "month": (1, "MONTH"),
    "quarter": (1, "QUARTER"),
    "year": (1, "YEAR"),
}
TO_DATE = {"month": "DATESMTD", "quarter": "DATESQTD", "year": "DATESYTD"}
BY_HAND = "Give it by hand, as `dax` among the metric's `meta`"


def measures(definitions: Definitions, names: Names | None = None) -> dict[str, str]:
    """Return the DAX of all metrics by label. Raises Untranslatable for the first that has none."""
    return {one.label: dax(definitions, one, names) for one in definitions.metrics.values()}


def dax(definitions: Definitions, metric: Metric, names: Names | None = None) -> str:
    """Return the metric as DAX; other metrics in it are measures with their labels.

    Raises Untranslatable with the metric's name and the reason.
    """
    if by_hand := metric.meta.get("dax"):
        return by_hand
    try:
        return _Formula(Tables(definitions, names or Names())).of(metric)
    except Untranslatable as error:
        raise Untranslatable(f"{metric.name} cannot be written in DAX: {error}. {BY_HAND}") from error


class _Formula:
    """How a metric is computed from measures of tables and from other metrics."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.definitions = tables.definitions

    def of(self, metric: Metric) -> str:
        match metric.kind:
            case "ratio":
                top, bottom = map(self._input, metric.inputs)
                text = f"DIVIDE ( {top}, {bottom} )"
            case "derived":
                text = self._derived(metric)
            case "cumulative":
                text = calculate(self._of_one_period(metric), [self._days(metric)])
            case _:
                text = self.tables.measure(metric.measure)
        return calculate(text, self.tables.filters(metric.filters))

    def _input(self, given: Input) -> str:
        filters = self.tables.filters(given.filters)
        if given.offset:
            filters.append(f"DATEADD ( {self.tables.date}, {_before(given.offset)} )")
        return calculate(bracketed(self.definitions.metrics[given.metric].label), filters)

    def _derived(self, metric: Metric) -> str:
        inputs = {one.alias: self._input(one) for one in metric.inputs}
        tree = parsed(metric.expr)
        if not tree.find(exp.Add, exp.Sub):
            return value(tree, lambda column: inputs[column.name])
        # To DAX a blank is 0 in a sum; here it leaves the sum unknown, as in SQL.
        needed = [f"ISBLANK ( _{one.alias} )" for one in metric.inputs if self._may_be_unknown(one, metric)]
        text = value(tree, lambda column: f"_{column.name}")
        if needed:
            text = f"IF ( {' || '.join(needed)}, BLANK (), {text} )"
        variables = [f"VAR _{alias} = {given}" for alias, given in inputs.items()]
        return "\n".join([*variables, f"RETURN {text}"])

    def _may_be_unknown(self, given: Input, metric: Metric) -> bool:
        """Tell whether blank is no number: a count without rows is 0, except against another period."""
        leaves = [self.definitions.measures[leaf][1] for leaf in self.definitions.leaves(given.metric)]
        return any(one.offset for one in metric.inputs) or any(leaf.agg not in COUNTS for leaf in leaves)

    def _of_one_period(self, metric: Metric) -> str:
        """Return what a cumulative metric takes more days of: another metric, where there is one."""
        for other in self.definitions.metrics.values():
            if other.kind == "simple" and other.measure == metric.measure and not other.filters:
                return bracketed(other.label)
        return self.tables.measure(metric.measure)

    def _days(self, metric: Metric) -> str:
        date = self.tables.date
        if metric.window:
            return f"DATESINPERIOD ( {date}, MAX ( {date} ), {_before(metric.window)} )"
        if metric.to_date not in TO_DATE:
            raise Untranslatable(f"DAX has no days since the {metric.to_date} began")
        return f"{TO_DATE[metric.to_date]} ( {date} )"


def _before(offset: Offset) -> str:
    times, unit = PERIODS[offset.grain]
    return f"-{offset.count * times}, {unit}"
