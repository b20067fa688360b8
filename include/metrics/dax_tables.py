"""Measures and filters of single tables as DAX. Only development uses this module."""

from dataclasses import dataclass, field

from sqlglot import exp

from include.errors import Untranslatable
from include.metrics.dax_expressions import conjuncts, parsed, shown, truth, value
from include.metrics.dax_names import Names
from include.metrics.definitions import CALENDAR, Definitions, Measure, SemanticModel
from include.metrics.fields import FILTER_FIELD, shared_dimensions

# How an aggregate is written of a column, and of an expression.
AGGREGATES = {
    "sum": ("SUM ( {column} )", "SUMX ( {table}, {column} )"),
    "average": ("AVERAGE ( {column} )", "AVERAGEX ( {table}, {column} )"),
    "min": ("MIN ( {column} )", "MINX ( {table}, {column} )"),
    "max": ("MAX ( {column} )", "MAXX ( {table}, {column} )"),
    "median": ("MEDIAN ( {column} )", "MEDIANX ( {table}, {column} )"),
    "percentile": ("PERCENTILE.INC ( {column}, {share} )", "PERCENTILEX.INC ( {table}, {column}, {share} )"),
    "count": ("COUNTA ( {column} )", "COUNTAX ( {table}, {column} )"),
    "count_distinct": ("DISTINCTCOUNTNOBLANK ( {column} )", None),
}


@dataclass(frozen=True)
class Tables:
    """The tables of the star under the names of a Power BI model."""

    definitions: Definitions
    names: Names = field(default_factory=Names)

    @property
    def date(self) -> str:
        """Return the column by which the model's date table is marked."""
        return self.names.column(CALENDAR, "date")

    def column(self, tree: exp.Column) -> str:
        """Return a column that is qualified by its table of the star."""
        return self.names.column(tree.table, tree.name)

    def measure(self, name: str) -> str:
        """Return the measure's formula. Raises Untranslatable with the reason."""
        model, measure = self.definitions.measures[name]
        tree, conditions = _split(_qualified(measure.sql, model), measure)
        text = self._aggregate(model, measure, tree)
        filters = [*self._kept(conditions), *self._shared(model)]
        dates = [] if self._is_dated_by_key(model, measure) else [self._own_dates(model, measure)]
        if not measure.is_last:
            return calculate(text, [*filters, *dates])
        day = self._day(model, measure)
        last = calculate(text, [*filters, f"{day} = _last_day"])
        return calculate(f"VAR _last_day = MAX ( {day} ) RETURN {last}", dates)

    def filters(self, texts: tuple[str, ...]) -> list[str]:
        """Return dbt's filters as those of CALCULATE. Raises Untranslatable with the reason."""
        return [kept for text in texts for kept in self._kept(conjuncts(self._in_tables(text)))]

    def _kept(self, conditions: list[exp.Expression]) -> list[str]:
        for tree in conditions:
            if len({column.table for column in tree.find_all(exp.Column)}) != 1:
                raise Untranslatable(f"`{shown(tree)}` is no condition on one table")
        return [f"KEEPFILTERS ( {truth(tree, self.column)} )" for tree in conditions]

    def _aggregate(self, model: SemanticModel, measure: Measure, tree: exp.Expression) -> str:
        table = self.names.quoted(model.table)
        if measure.agg == "sum_boolean" or (measure.agg == "count" and _is_key(tree, model)):
            return f"COUNTROWS ( {table} )"
        of_column, of_expression = AGGREGATES[measure.agg]
        form = of_column if _is_column(tree) else of_expression
        if form is None:
            raise Untranslatable(f"{measure.agg} takes a column, not `{measure.sql}`")
        return form.format(column=value(tree, self.column), table=table, share=measure.percentile)

    def _shared(self, model: SemanticModel) -> list[str]:
        """Return what makes a slicer on a dimension table count for the model's own column of that name."""
        filters = []
        for name, owner in shared_dimensions(self.definitions, model).items():
            theirs, own = (self.names.column(one.table, one.dimensions[name].sql) for one in (owner, model))
            filters.append(f"KEEPFILTERS ( TREATAS ( FILTERS ( {theirs} ), {own} ) )")
        return filters

    def _is_dated_by_key(self, model: SemanticModel, measure: Measure) -> bool:
        """Tell whether the date table filters the measure by a relationship, or, without a date, never."""
        if measure.time is None:
            return True
        calendar = next(one for one in self.definitions.models.values() if one.table == CALENDAR)
        return model.entities.get(calendar.key) == model.dimensions[measure.time].sql

    def _own_dates(self, model: SemanticModel, measure: Measure) -> str:
        return f"KEEPFILTERS ( TREATAS ( VALUES ( {self.date} ), {self._day(model, measure)} ) )"

    def _day(self, model: SemanticModel, measure: Measure) -> str:
        tree = _qualified(model.dimensions[measure.time].sql, model)
        if not _is_column(tree):
            raise Untranslatable(f"the date of {measure.name} is no column")
        return self.column(tree)

    def _in_tables(self, text: str) -> exp.Expression:
        """Return the filter with the dimensions' own SQL, each column with its table."""
        fields = FILTER_FIELD.findall(text)
        found = {f"{entity}__{name}": self._dimension(entity, name) for entity, name in fields}
        tree = parsed(FILTER_FIELD.sub(r"\1__\2", text))
        return tree.transform(lambda node: found.get(node.name, node) if _is_column(node) else node)

    def _dimension(self, entity: str, name: str) -> exp.Expression:
        for model in self.definitions.owners(entity):
            if name in model.dimensions:
                tree = _qualified(model.dimensions[name].sql, model)
                return tree if _is_column(tree) else exp.Paren(this=tree)
        raise Untranslatable(f"there is no {name} of a {entity}")


def calculate(text: str, filters: list[str]) -> str:
    """Return the formula under further filters."""
    return f"CALCULATE ( {', '.join([text, *filters])} )" if filters else text


def _qualified(sql: str, model: SemanticModel) -> exp.Expression:
    """Return the tree of an expression of the model's columns, each with its table."""
    return parsed(sql).transform(
        lambda node: exp.column(node.name, table=model.table) if _is_column(node) else node
    )


def _is_column(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Column)


def _split(tree: exp.Expression, measure: Measure) -> tuple[exp.Expression, list[exp.Expression]]:
    """Return what is aggregated, and the conditions on the rows, as those of `case when … then x end`."""
    if measure.agg == "sum_boolean":
        return tree, conjuncts(tree)
    given = tree.args
    is_one_case = isinstance(tree, exp.Case) and len(given["ifs"]) == 1
    if is_one_case and not (given.get("this") or given.get("default")):
        (branch,) = given["ifs"]
        return branch.args["true"], conjuncts(branch.this)
    # Blank is 0 to DAX in a sum: rows without one of its parts are left out, as by SQL.
    parts = tree.find_all(exp.Column) if tree.find(exp.Add, exp.Sub) else []
    return tree, [exp.Is(this=part, expression=exp.Null(), negate=True) for part in parts]


def _is_key(tree: exp.Expression, model: SemanticModel) -> bool:
    """Tell whether every row has the value: the key of the table, or a number such as 1."""
    return isinstance(tree, exp.Literal) or (_is_column(tree) and tree.name == model.entities.get(model.key))
