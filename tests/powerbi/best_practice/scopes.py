"""The kinds of object that the rules speak of, in the words of Tabular Editor."""

from tests.powerbi.nodes import Node

BY_KIND = {
    "model": "Model",
    "measure": "Measure",
    "kpi": "KPI",
    "hierarchy": "Hierarchy",
    "level": "Level",
    "perspective": "Perspective",
    "partition": "Partition",
    "role": "ModelRole",
    "tablePermission": "TablePermission",
    "calculationItem": "CalculationItem",
    "relationship": "Relationship",
    "expression": "NamedExpression",
}


def scope(node: Node) -> str:
    """Return the word for an object's kind: tables and columns go by where their rows come from."""
    if node.kind == "table":
        return _table(node)
    if node.kind == "column":
        if node.expression is not None:
            return "CalculatedColumn"
        return "CalculatedTableColumn" if is_calculated(node.parent) else "DataColumn"
    if node.kind == "dataSource":
        return "StructuredDataSource" if node.properties.get("type") == "structured" else "ProviderDataSource"
    return BY_KIND.get(node.kind, "")


def _table(table: Node) -> str:
    if table.of("calculationGroup"):
        return "CalculationGroup"
    return "CalculatedTable" if is_calculated(table) else "Table"


def is_calculated(table: Node) -> bool:
    """Whether a table's rows are computed by DAX."""
    return any(partition.properties.get("type") == "calculated" for partition in table.of("partition"))
