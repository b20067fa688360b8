"""The fields of questions as columns of a Power BI model; those that are no column of the star as DAX.

Only development uses this module: sqlglot is not installed where the platform runs.
"""

from dataclasses import dataclass

from sqlglot import exp

from include.errors import Untranslatable
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
    try:
        text = truth(tree, column) if is_condition else value(tree, column)
    except Untranslatable as error:
        raise Untranslatable(f"{model.name}: {dimension.name} cannot be a column: {error}") from error
    if not is_condition and not _is_text(tree):
        raise Untranslatable(f"{model.name}: {dimension.name} is no text: make it a column of {model.table}")
    places = _places(tree) if isinstance(tree, exp.Case) else None
    order = switch(tree, places, column) if places else None
    kind = "boolean" if is_condition else "string"
    return CalculatedColumn(model.table, title(dimension.name), text, order, kind)


def _is_text(tree: exp.Expression) -> bool:
    """Tell whether the value is a text, or what a column holds: what it is then, the star says."""
    if isinstance(tree, exp.Case):
        return all(map(_is_text, results(tree)))
    return isinstance(tree, exp.Column | exp.Null) or (isinstance(tree, exp.Literal) and tree.is_string)


def _places(tree: exp.Case) -> list[str] | None:
    """Return the place of each branch's text, the same for the same; None where one is no constant.

    Power BI refuses to sort by places of which one text has two.
    """
    texts = results(tree)
    if not all(isinstance(one, exp.Literal | exp.Null) for one in texts):
        return None
    return [str(texts.index(one) + 1) for one in texts]
