"""The rules on what nobody uses or describes."""

from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import (
    filters_of,
    is_hidden,
    is_level,
    is_referenced,
    relationships_of,
    sorts,
)
from tests.powerbi.nodes import Model, Node


@check("UNNECESSARY_COLUMNS")
def is_a_hidden_column_without_use(column: Node, model: Model) -> bool:
    is_used = relationships_of(column, model) or sorts(column) or is_level(column)
    return is_hidden(column) and not (is_used or is_referenced(column, model) or _is_secured(column, model))


def _is_secured(column: Node, model: Model) -> bool:
    """Whether a role hides the column or its table, or filters the table by the column."""
    permissions = [one for one in model.every("tablePermission") if one.name == column.parent.name]
    objects = permissions + [
        each for one in permissions for each in one.of("columnPermission") if each.name == column.name
    ]
    is_withheld = any(one.properties.get("metadataPermission") == "none" for one in objects)
    filters = filters_of(column.parent, model)
    return is_withheld or any(f"[{column.name}]".lower() in text.lower() for text in filters)


@check("UNNECESSARY_MEASURES")
def is_a_hidden_measure_without_use(measure: Node, model: Model) -> bool:
    return is_hidden(measure) and not is_referenced(measure, model)


@check("REMOVE_DATA_SOURCES_NOT_REFERENCED_BY_ANY_PARTITIONS")
def is_a_source_without_use(source: Node, model: Model) -> bool:
    partitions = model.every("partition")
    texts = [text for one in partitions for text in one.properties.values()]
    texts += [text for one in partitions for each in one.of("source") for text in each.properties.values()]
    return not any(source.name in text for text in texts)


@check("REMOVE_ROLES_WITH_NO_MEMBERS")
def has_no_members(role: Node, _: Model) -> bool:
    return not role.of("member")


@check("ENSURE_TABLES_HAVE_RELATIONSHIPS")
def has_no_relationships(table: Node, model: Model) -> bool:
    return not relationships_of(table, model)


@check("OBJECTS_WITH_NO_DESCRIPTION")
def is_seen_and_not_described(node: Node, _: Model) -> bool:
    return not node.description.strip() and not node.has("isHidden")


@check("PERSPECTIVES_WITH_NO_OBJECTS")
def shows_nothing(perspective: Node, _: Model) -> bool:
    return not perspective.of("perspectiveTable")


@check("CALCULATION_GROUPS_WITH_NO_CALCULATION_ITEMS")
def has_no_items(table: Node, _: Model) -> bool:
    return not any(group.of("calculationItem") for group in table.of("calculationGroup"))
