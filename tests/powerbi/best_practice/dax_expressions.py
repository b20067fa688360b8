"""The rules on DAX: what reads badly, runs slowly, or is never used."""

import re

from tests.powerbi import dax
from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import field, matches
from tests.powerbi.nodes import Model, Node

TABLE, COLUMN = r"'*[A-Za-z0-9 _]+'*", r"'*[A-Za-z0-9 _]+'*\[[A-Za-z0-9 _]+\]"
CALCULATE_FILTER = (
    r"CALCULATE\s*\(\s*[^,]+,\s*FILTER\s*\(\s*" + TABLE + r"\s*,\s*",
    r"CALCULATETABLE\s*\([^,]*,\s*FILTER\s*\(\s*" + TABLE + r",\s*",
)


@check("DAX_COLUMNS_FULLY_QUALIFIED")
def names_a_column_without_its_table(node: Node, model: Model) -> bool:
    measures = {measure.name.lower() for measure in model.measures()}
    columns = {column.name.lower() for column in model.every("column")} - measures
    text = dax.text_of(node)
    bare = {one.name.lower() for one in dax.references(text) if not one.table}
    return bool(bare & columns - dax.own_names(text))


@check("DAX_MEASURES_UNQUALIFIED")
def names_a_measure_with_a_table(node: Node, model: Model) -> bool:
    measures = {(one.parent.name.lower(), one.name.lower()) for one in model.measures()}
    named = dax.references(dax.text_of(node))
    return any((one.table.lower(), one.name.lower()) in measures for one in named)


@check("AVOID_DUPLICATE_MEASURES")
def is_a_measure_twice(measure: Node, model: Model) -> bool:
    same = [one for one in model.measures() if _without_blanks(one) == _without_blanks(measure)]
    return len(same) > 1


def _without_blanks(measure: Node) -> str:
    return re.sub(r"[ \n\r\t]", "", measure.expression or "")


@check("USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT")
def uses_intersect(node: Node, _: Model) -> bool:
    return matches(r"INTERSECT\s*\(", node.expression)


@check("USE_THE_DIVIDE_FUNCTION_FOR_DIVISION")
def divides_by_a_slash(node: Node, _: Model) -> bool:
    return matches(r"[\])]\s*/(?![/*])", node.expression)


@check("AVOID_USING_THE_IFERROR_FUNCTION")
def uses_iferror(node: Node, _: Model) -> bool:
    return matches(r"IFERROR\s*\(", node.expression)


@check("MEASURES_SHOULD_NOT_BE_DIRECT_REFERENCES_OF_OTHER_MEASURES")
def is_another_measure(measure: Node, model: Model) -> bool:
    return any(measure.expression == f"[{other.name}]" for other in model.measures())


@check("FILTER_COLUMN_VALUES")
def filters_a_table_by_a_column(node: Node, _: Model) -> bool:
    return any(matches(start + COLUMN, node.expression) for start in CALCULATE_FILTER)


@check("FILTER_MEASURE_VALUES_BY_COLUMNS")
def filters_a_table_by_a_measure(node: Node, _: Model) -> bool:
    return any(matches(start + r"\[", node.expression) for start in CALCULATE_FILTER)


@check("INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED")
def is_never_activated(relationship: Node, model: Model) -> bool:
    start, end = relationship.ends()
    if relationship.properties.get("isActive") != "false" or not (start and end):
        return False
    activates = rf"USERELATIONSHIP\s*\(\s*{field(*start)}\s*,\s*{field(*end)}"
    users = model.measures() + model.every("calculationItem")
    return not any(matches(activates, user.expression) for user in users)


@check("AVOID_USING_'1-(X/Y)'_SYNTAX")
def takes_a_share_from_one(node: Node, _: Model) -> bool:
    of_sums = r"[0-9]+\s*[-+]\s*[\(]*\s*SUM\s*\(\s*'*[A-Za-z0-9 _]+'*\s*\[[A-Za-z0-9 _]+\]\s*\)\s*/"
    return matches(of_sums, node.expression) or matches(r"[0-9]+\s*[-+]\s*DIVIDE\s*\(", node.expression)


@check("EVALUATEANDLOG_SHOULD_NOT_BE_USED_IN_PRODUCTION_MODELS")
def uses_evaluateandlog(measure: Node, _: Model) -> bool:
    return matches(r"EVALUATEANDLOG\s*\(", measure.expression)
