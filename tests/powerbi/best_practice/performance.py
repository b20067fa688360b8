"""The rules on columns, tables and queries that cost memory or time."""

from tests.powerbi.best_practice.rules import check
from tests.powerbi.best_practice.usage import (
    NUMERIC,
    is_hidden,
    is_sliced,
    matches,
    relationships_of,
)
from tests.powerbi.nodes import Model, Node

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN")
# What Power Query does after it read a table, which the source does better; and queries written by hand.
TRANSFORMATIONS = (
    "Table.Combine(", "Table.Join(", "Table.NestedJoin(", "Table.AddColumn(", "Table.Group(", "Table.Sort(",
    "Table.Pivot(", "Table.Unpivot(", "Table.UnpivotOtherColumns(", "Table.Distinct(", '[Query="SELECT',
    "Value.NativeQuery", "OleDb.Query", "Odbc.Query",
)  # fmt: skip
TIME_INTELLIGENCE = (
    r"((CLOSINGBALANCE|OPENINGBALANCE)(MONTH|QUARTER|YEAR)|DATEADD|DATESBETWEEN|DATESINPERIOD|DATES[MQY]TD"
    r"|(ENDOF|STARTOF|NEXT|PREVIOUS)(MONTH|QUARTER|YEAR)|(NEXT|PREVIOUS)DAY|(FIRST|LAST)(DATE|NONBLANK|NONBLANKVALUE)"
    r"|PARALLELPERIOD|SAMEPERIODLASTYEAR|TOTAL[MQY]TD)\s*\("
)


@check("AVOID_FLOATING_POINT_DATA_TYPES")
def is_a_floating_point_number(column: Node, _: Model) -> bool:
    return column.properties.get("dataType") == "double"


@check("ISAVAILABLEINMDX_FALSE_NONATTRIBUTE_COLUMNS")
def has_an_attribute_without_need(column: Node, model: Model) -> bool:
    is_available = column.properties.get("isAvailableInMdx") != "false"
    return is_available and is_hidden(column) and not is_sliced(column, model)


@check("REDUCE_USAGE_OF_CALCULATED_COLUMNS_THAT_USE_THE_RELATED_FUNCTION")
def uses_related(column: Node, _: Model) -> bool:
    return matches(r"RELATED\s*\(", column.expression)


@check("MODEL_SHOULD_HAVE_A_DATE_TABLE")
def has_no_date_table(_: Node, model: Model) -> bool:
    return not any(_is_marked(table) for table in model.tables())


@check("DATE/CALENDAR_TABLES_SHOULD_BE_MARKED_AS_A_DATE_TABLE")
def is_a_date_table_without_mark(table: Node, _: Model) -> bool:
    return any(word in table.name.upper() for word in ("DATE", "CALENDAR")) and not _is_marked(table)


def _is_marked(table: Node) -> bool:
    keys = [column.properties.get("dataType") for column in table.of("column") if column.has("isKey")]
    return table.properties.get("dataCategory") == "Time" and "dateTime" in keys


@check("REMOVE_AUTO-DATE_TABLE")
def is_made_by_desktop(table: Node, _: Model) -> bool:
    is_calculated = any(one.properties.get("type") == "calculated" for one in table.of("partition"))
    return is_calculated and table.name.startswith(("DateTableTemplate_", "LocalDateTable_"))


@check("REDUCE_USAGE_OF_CALCULATED_TABLES")
def is_a_calculated_table(_: Node, __: Model) -> bool:
    return True


@check("REDUCE_NUMBER_OF_CALCULATED_COLUMNS")
def has_many_calculated_columns(_: Node, model: Model) -> bool:
    return sum(column.expression is not None for column in model.every("column")) > 5


@check("MINIMIZE_POWER_QUERY_TRANSFORMATIONS")
def transforms_what_it_reads(partition: Node, _: Model) -> bool:
    query = partition.properties.get("source", "")
    return partition.properties.get("type") == "m" and any(each in query for each in TRANSFORMATIONS)


@check("UNPIVOT_PIVOTED_(MONTH)_DATA")
def has_a_column_a_month(table: Node, _: Model) -> bool:
    columns = table.of("column")
    numbers = [column.name.upper() for column in columns if column.properties.get("dataType") in NUMERIC]
    return all(any(month in name for name in numbers) for month in MONTHS)


@check("REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES")
def is_a_column_of_a_related_table(column: Node, model: Model) -> bool:
    related = {one.ends()[1][0] for one in relationships_of(column.parent, model) if all(one.ends())}
    others = [one for one in model.every("column") if one.name == column.name]
    is_repeated = any(one.parent.name in related - {column.parent.name} for one in others)
    return is_repeated and not relationships_of(column, model)


@check("MODEL_USING_DIRECT_QUERY_AND_NO_AGGREGATIONS")
def queries_without_aggregations(node: Node, model: Model) -> bool:
    is_third = node.properties.get("defaultPowerBIDataSourceVersion") == "powerBI_V3"
    return is_third and _is_queried(model) and not model.every("alternateOf")


@check("MEASURES_USING_TIME_INTELLIGENCE_AND_MODEL_IS_USING_DIRECT_QUERY")
def queries_by_time_intelligence(node: Node, model: Model) -> bool:
    return _is_queried(model) and matches(TIME_INTELLIGENCE, node.expression)


def _is_queried(model: Model) -> bool:
    """Whether a table is not imported: each visual asks the database."""
    return any(one.properties.get("mode") == "directQuery" for one in model.every("partition"))
