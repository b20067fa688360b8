"""The rules on names."""

from tests.powerbi.best_practice.rules import check
from tests.powerbi.nodes import Model, Node


@check("PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES")
def has_a_partition_of_another_name(table: Node, _: Model) -> bool:
    names = [partition.name for partition in table.of("partition")]
    return len(names) == 1 and names != [table.name]


@check("SPECIAL_CHARS_IN_OBJECT_NAMES")
def has_a_tab_or_a_line_end_in_its_name(node: Node, _: Model) -> bool:
    return any(sign in node.name for sign in "\t\n\r")


@check("TRIM_OBJECT_NAMES")
def has_a_blank_around_its_name(node: Node, _: Model) -> bool:
    return node.name != node.name.strip(" ")
