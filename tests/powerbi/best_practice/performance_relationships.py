"""The rules on relationships, and on the filters of roles, that cost time."""

from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import (
    filters_of,
    is_bidirectional,
    is_from,
    is_many_to_many,
    is_to,
    matches,
    relationships_of,
)
from tests.powerbi.nodes import Model, Node


@check("SNOWFLAKE_SCHEMA_ARCHITECTURE")
def stands_between_two_tables(table: Node, model: Model) -> bool:
    return is_from(table, model) and is_to(table, model)


@check("AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS")
def has_many_broad_relationships(_: Node, model: Model) -> bool:
    """Whether more than 30 in 100 relationships are broad; one that is so in both ways counts twice."""
    broad = sum(is_bidirectional(one) + is_many_to_many(one) for one in model.relationships())
    return broad / max(len(model.relationships()), 1) > 0.3


@check("LIMIT_ROW_LEVEL_SECURITY_(RLS)_LOGIC")
def is_filtered_by_cut_texts(table: Node, model: Model) -> bool:
    return any(
        matches(r"(RIGHT|LEFT|UPPER|LOWER|FIND)\s*\(", text.replace(" ", ""))
        for text in filters_of(table, model)
    )


@check("AVOID_USING_MANY-TO-MANY_RELATIONSHIPS_ON_TABLES_USED_FOR_DYNAMIC_ROW_LEVEL_SECURITY")
def is_filtered_and_many_to_many(table: Node, model: Model) -> bool:
    is_broad = any(is_many_to_many(one) for one in relationships_of(table, model))
    return is_broad and bool(filters_of(table, model))


@check("MANY-TO-MANY_RELATIONSHIPS_SHOULD_BE_SINGLE-DIRECTION")
def is_broad_in_both_ways(relationship: Node, _: Model) -> bool:
    return is_many_to_many(relationship) and is_bidirectional(relationship)


@check("CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID")
def is_broad(relationship: Node, _: Model) -> bool:
    return is_many_to_many(relationship) or is_bidirectional(relationship)


@check("CHECK_IF_DYNAMIC_ROW_LEVEL_SECURITY_(RLS)_IS_NECESSARY")
def asks_for_the_user(permission: Node, _: Model) -> bool:
    return matches(r"(USERNAME|USERPRINCIPALNAME)\(", permission.expression)
