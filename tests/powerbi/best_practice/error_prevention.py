"""The rules on what fails when the model is refreshed or used."""

import re
import unicodedata

from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import filters_of, is_sliced, matches
from tests.powerbi.nodes import Model, Node

BLANK_CONTROLS = "\t\n\v\f\r\x85"


@check("DATA_COLUMNS_MUST_HAVE_A_SOURCE_COLUMN")
def has_no_source(column: Node, _: Model) -> bool:
    return not column.properties.get("sourceColumn", "").strip()


@check("EXPRESSION_RELIANT_OBJECTS_MUST_HAVE_AN_EXPRESSION")
def has_no_expression(node: Node, _: Model) -> bool:
    return not (node.expression or "").strip()


@check("AVOID_STRUCTURED_DATA_SOURCES_WITH_PROVIDER_PARTITIONS")
def queries_a_structured_source(partition: Node, model: Model) -> bool:
    structured = {
        source.name for source in model.every("dataSource") if source.properties.get("type") == "structured"
    }
    used = {source.properties.get("dataSource") for source in partition.of("source")}
    return partition.properties.get("type") == "query" and bool(used & structured)


@check("AVOID_THE_USERELATIONSHIP_FUNCTION_AND_RLS_AGAINST_THE_SAME_TABLE")
def is_filtered_and_activated(table: Node, model: Model) -> bool:
    activates = rf"USERELATIONSHIP\s*\(\s*.+?(?=])\]\s*,\s*'*{re.escape(table.name)}'*\["
    is_activated = any(matches(activates, measure.expression) for measure in model.measures())
    return is_activated and bool(filters_of(table, model))


@check("RELATIONSHIP_COLUMNS_SAME_DATA_TYPE")
def joins_different_types(relationship: Node, model: Model) -> bool:
    columns = {
        (column.parent.name, column.name): column.properties.get("dataType")
        for column in model.every("column")
    }
    start, end = (columns.get(path) for path in relationship.ends())
    return start != end


@check("AVOID_INVALID_NAME_CHARACTERS")
def has_a_control_in_its_name(node: Node, _: Model) -> bool:
    return _holds_control(node.name)


@check("AVOID_INVALID_DESCRIPTION_CHARACTERS")
def has_a_control_in_its_description(node: Node, _: Model) -> bool:
    return _holds_control(node.description)


def _holds_control(text: str) -> bool:
    return any(unicodedata.category(sign) == "Cc" and sign not in BLANK_CONTROLS for sign in text)


@check("SET_ISAVAILABLEINMDX_TO_TRUE_ON_NECESSARY_COLUMNS")
def lacks_the_attribute_it_needs(column: Node, model: Model) -> bool:
    return column.properties.get("isAvailableInMdx") == "false" and is_sliced(column, model)
