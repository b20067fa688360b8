"""The fields of questions as columns of a Power BI model; those that are no column of the star as DAX.

Only development uses this module: sqlglot is not installed where the platform runs.
"""

from dataclasses import dataclass

from sqlglot import exp

from include.metrics.dax_expressions import parsed, results, switch, truth, value
from include.metrics.dax_names import Names, title
from include.metrics.definitions import Definitions, Dimension, SemanticModel
from include.metrics.fields import categories

CONDITIONS = (exp.Is, exp.Not, exp.And, exp.Or, exp.In, exp.Predicate)


@dataclass(frozen=True)
class CalculatedColumn:
    """A column that Power BI computes. `order` is the DAX of the places of its texts, where they have one."""

    table: str
    name: str
    dax: str
    order: str | None
    data_type: str


def column_of(dimension: Dimension) -> str:
    """Return the label of the dimension's column: that of the star, or that of the calculated one."""
    tree = parsed(dimension.sql)
    return title(tree.name if isinstance(tree, exp.Column) else dimension.name)


def calculated_columns(definitions: Definitions, names: Names | None = None) -> list[CalculatedColumn]:
    """Return the dimensions that are expressions. Raises Untranslatable for the first that has no DAX."""
    return [
        _calculated(names or Names(), model, one)
        for model in definitions.models.values()
        for one in categories(model)
        if not isinstance(parsed(one.sql), exp.Column)
    ]


def _calculated(names: Names, model: SemanticModel, dimension: Dimension) -> CalculatedColumn:
    def column(node: exp.Column) -> str:
        return names.column(model.table, node.name)

    tree = parsed(dimension.sql)
    is_condition = isinstance(tree, CONDITIONS)
    text = truth(tree, column) if is_condition else value(tree, column)
    order = None
    if isinstance(tree, exp.Case):
        order = switch(tree, [str(place) for place, _ in enumerate(results(tree), 1)], column)
    kind = "boolean" if is_condition else "string"
    return CalculatedColumn(model.table, title(dimension.name), text, order, kind)
