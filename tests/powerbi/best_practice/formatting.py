"""The rules on what readers see of columns and measures."""

from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import (
    NUMERIC,
    cardinalities,
    field,
    is_hidden,
    matches,
    relationships_of,
)
from tests.powerbi.nodes import Model, Node

AGGREGATED = "COUNT COUNTBLANK SUM AVERAGE VALUES DISTINCT DISTINCTCOUNT MIN MAX COUNTA AVERAGEA MAXA MINA"
PLACES = ("country", "continent", "city")


@check("FORMAT_FLAG_COLUMNS_AS_YES/NO_VALUE_STRINGS")
def is_a_flag_without_words(column: Node, _: Model) -> bool:
    kind = column.properties.get("dataType")
    is_flag = (column.name.startswith("Is") and kind == "int64") or (
        column.name.endswith(" Flag") and kind != "string"
    )
    return is_flag and not is_hidden(column)


@check("OBJECTS_SHOULD_NOT_START_OR_END_WITH_A_SPACE")
def has_a_space_around_its_name(node: Node, _: Model) -> bool:
    return node.name != node.name.strip(" ")


@check("DATECOLUMN_FORMATSTRING")
def is_a_date_in_another_format(column: Node, _: Model) -> bool:
    return _is_time_named(column, "date") and column.properties.get("formatString") != "mm/dd/yyyy"


@check("MONTHCOLUMN_FORMATSTRING")
def is_a_month_in_another_format(column: Node, _: Model) -> bool:
    return _is_time_named(column, "month") and column.properties.get("formatString") != "MMMM yyyy"


def _is_time_named(column: Node, word: str) -> bool:
    return word in column.name.lower() and column.properties.get("dataType") == "dateTime"


@check("PROVIDE_FORMAT_STRING_FOR_MEASURES")
def is_a_measure_without_format(measure: Node, _: Model) -> bool:
    has_format = measure.properties.get("formatString", "").strip() or measure.of("formatStringDefinition")
    return not has_format and not is_hidden(measure)


@check("NUMERIC_COLUMN_SUMMARIZE_BY")
def is_a_number_that_is_summarized(column: Node, _: Model) -> bool:
    is_number = column.properties.get("dataType") in NUMERIC
    return is_number and column.properties.get("summarizeBy") != "none" and not is_hidden(column)


@check("PERCENTAGE_FORMATTING")
def is_a_percentage_in_another_format(measure: Node, _: Model) -> bool:
    text = measure.properties.get("formatString", "")
    return "%" in text and text != "#,0.0%;-#,0.0%;#,0.0%"


@check("INTEGER_FORMATTING")
def is_a_number_in_another_format(measure: Node, _: Model) -> bool:
    text = measure.properties.get("formatString", "")
    return not ("$" in text or "%" in text or text in ("#,0", "#,0.0"))


@check("RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE")
def is_a_key_and_no_integer(column: Node, model: Model) -> bool:
    return bool(relationships_of(column, model)) and column.properties.get("dataType") != "int64"


@check("ADD_DATA_CATEGORY_FOR_COLUMNS")
def is_a_place_without_category(column: Node, _: Model) -> bool:
    name, kind = column.name.lower(), column.properties.get("dataType")
    is_place = kind == "string" and any(place in name for place in PLACES)
    is_degree = kind in ("decimal", "double") and name in ("latitude", "longitude")
    return (is_place or is_degree) and not column.properties.get("dataCategory", "").strip()


@check("HIDE_FOREIGN_KEYS")
def is_a_foreign_key_that_is_seen(column: Node, model: Model) -> bool:
    is_foreign = any(
        one.ends()[0][1:] == (column.name,) and cardinalities(one)[0] == "many"
        for one in relationships_of(column, model)
    )
    return is_foreign and not column.has("isHidden")


@check("MARK_PRIMARY_KEYS")
def is_a_primary_key_without_mark(column: Node, model: Model) -> bool:
    path = (column.parent.name, column.name)
    is_primary = any(
        one.ends()[1] == path and cardinalities(one)[1] == "one" for one in model.relationships()
    )
    is_calendar = column.parent.properties.get("dataCategory") == "Time"
    return is_primary and not column.has("isKey") and not is_calendar


@check("HIDE_FACT_TABLE_COLUMNS")
def is_a_number_that_measures_sum_up(column: Node, model: Model) -> bool:
    if column.has("isHidden") or column.properties.get("dataType") not in NUMERIC:
        return False
    functions = "|".join(AGGREGATED.split())
    pattern = rf"({functions})\s*\(\s*{field(column.parent.name, column.name)}\s*\)"
    return any(matches(pattern, measure.expression) for measure in model.measures())


@check("FIRST_LETTER_OF_OBJECTS_MUST_BE_CAPITALIZED")
def begins_with_a_small_letter(node: Node, _: Model) -> bool:
    return node.name[:1] != node.name[:1].upper()


@check("MONTH_(AS_A_STRING)_MUST_BE_SORTED")
def is_a_month_that_the_alphabet_sorts(column: Node, _: Model) -> bool:
    name = column.name.upper()
    is_month = "MONTH" in name and "MONTHS" not in name and column.properties.get("dataType") == "string"
    return is_month and "sortByColumn" not in column.properties
