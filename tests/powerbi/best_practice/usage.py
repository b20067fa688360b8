"""Who uses an object: relationships, sorted columns, hierarchies, DAX, and the filters of roles."""

import re
from functools import lru_cache

from tests.powerbi import dax
from tests.powerbi.names import parts
from tests.powerbi.nodes import Model, Node

NUMERIC = ("int64", "decimal", "double")


def relationships_of(node: Node, model: Model) -> list[Node]:
    """Return the relationships with a column, or with any column of a table, at one of their ends."""
    if node.kind == "table":
        return [one for one in model.relationships() if node.name in (end[0] for end in one.ends() if end)]
    path = (node.parent.name, node.name)
    return [one for one in model.relationships() if path in one.ends()]


def is_from(table: Node, model: Model) -> bool:
    """Whether a table is on the many side of a relationship."""
    return any(one.ends()[0][:1] == (table.name,) for one in model.relationships())


def is_to(table: Node, model: Model) -> bool:
    """Whether a table is on the one side of a relationship."""
    return any(one.ends()[1][:1] == (table.name,) for one in model.relationships())


def cardinalities(relationship: Node) -> tuple[str, str]:
    """Return how many rows of each end may hold the same key: from, to."""
    properties = relationship.properties
    return properties.get("fromCardinality", "many"), properties.get("toCardinality", "one")


def is_bidirectional(relationship: Node) -> bool:
    return relationship.properties.get("crossFilteringBehavior") == "bothDirections"


def is_many_to_many(relationship: Node) -> bool:
    return cardinalities(relationship) == ("many", "many")


def is_hidden(node: Node) -> bool:
    """Whether readers do not see a column or measure: it is hidden itself, or its table is."""
    return node.has("isHidden") or node.parent.has("isHidden")


def sorts(column: Node) -> bool:
    """Whether another column of the table is sorted by this one."""
    return any(other.properties.get("sortByColumn") == column.name for other in column.parent.of("column"))


def is_level(column: Node) -> bool:
    """Whether a hierarchy shows the column."""
    hierarchies = column.parent.of("hierarchy")
    return any(
        level.properties.get("column") == column.name for each in hierarchies for level in each.of("level")
    )


def is_sliced(column: Node, model: Model) -> bool:
    """Whether the column sorts, is sorted, or is shown by a hierarchy or a variation."""
    varied = [parts(one.properties.get("defaultColumn", "")) for one in model.every("variation")]
    is_varied = (column.parent.name, column.name) in varied
    return sorts(column) or is_level(column) or is_varied or "sortByColumn" in column.properties


def filters_of(table: Node, model: Model) -> list[str]:
    """Return the DAX by which roles filter a table's rows."""
    permissions = model.every("tablePermission")
    return [one.expression for one in permissions if one.name == table.name and one.expression]


def is_referenced(node: Node, model: Model) -> bool:
    """Whether DAX names a column or measure; a column without its table counts for each of that name."""
    name = node.name.lower()
    return not _named(model).isdisjoint({(node.parent.name.lower(), name), ("", name)})


@lru_cache(maxsize=1)
def _named(model: Model) -> frozenset[tuple[str, str]]:
    return frozenset(
        (reference.table.lower(), reference.name.lower())
        for _, _, text in dax.expressions(model)
        for reference in dax.references(text)
    )


def matches(pattern: str, text: str | None) -> bool:
    """Whether a text holds a pattern, in whatever case, as the rules' expressions ask for it."""
    return re.search(pattern, text or "", re.IGNORECASE) is not None


def field(table: str, column: str) -> str:
    """Return the rules' pattern of a column in DAX, its table quoted or not."""
    return rf"'*{re.escape(table)}'*\[{re.escape(column)}\]"
