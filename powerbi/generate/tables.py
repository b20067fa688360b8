"""The tables of Power BI's model: all that readers of the star may query."""

from collections import defaultdict

from sqlglot import exp

from include.manifest import Table as StarTable
from include.manifest import models
from include.manifest import tables as star_tables
from include.metrics.dax_columns import CalculatedColumn, calculated_columns
from include.metrics.dax_expressions import parsed
from include.metrics.dax_names import Names, title
from include.metrics.definitions import CALENDAR, Definitions
from include.metrics.fields import categories, shared_dimensions
from powerbi.generate.columns import Uses, columns
from powerbi.generate.model import Relationship, Table

NAMES = Names()
READABLE = ("dim_", "fct_", "bridge_", "mart_", "data_")
MART = "mart_"
# The date of the rows that the service refreshes; a table without it is refreshed whole.
NEWEST = "watch_date"


def star(manifest: dict) -> list[StarTable]:
    """Return the tables of the star, dimensions first."""
    return star_tables(manifest, READABLE)


def tables(
    manifest: dict, definitions: Definitions, relationships: tuple[Relationship, ...]
) -> tuple[Table, ...]:
    """Return the tables of the star as tables of the model."""
    given = {one.name: one for one in star(manifest)}
    nodes = {node["name"]: node for node in models(manifest, READABLE)}
    calculated = defaultdict(list)
    for one in calculated_columns(definitions):
        calculated[one.table].append(one)
    return tuple(
        _table(one, nodes[one.name], definitions, relationships, calculated[one.name], given)
        for one in given.values()
    )


def _table(
    table: StarTable,
    node: dict,
    definitions: Definitions,
    relationships: tuple[Relationship, ...],
    calculated: list[CalculatedColumn],
    star_of: dict[str, StarTable],
) -> Table:
    hierarchies = node["config"]["meta"].get("hierarchies", {})
    label = NAMES.table(table.name)
    pointed_to = {one for one in table.types if _is_end(relationships, label, one)}
    uses = Uses(
        pointing={one for one in table.types if _is_start(relationships, label, one)},
        pointed_to=pointed_to,
        key="date" if table.name == CALENDAR else next(iter(pointed_to), None),
        aggregated=_aggregated(definitions, table.name),
        levels={level for levels in hierarchies.values() for level in levels},
        sorted_by=_sorted_by(node),
        repeated=_repeated(table, star_of),
    )
    descriptions = {name: one["description"] for name, one in node["columns"].items()}
    return Table(
        label,
        node["description"],
        table.name,
        columns(table, descriptions, uses, calculated),
        hierarchies={name: tuple(map(title, levels)) for name, levels in hierarchies.items()},
        is_calendar=table.name == CALENDAR,
        dated_by=NEWEST if NEWEST in table.types else None,
    )


def _is_start(relationships: tuple[Relationship, ...], label: str, column: str) -> bool:
    return any((one.from_table, one.from_column) == (label, title(column)) for one in relationships)


def _is_end(relationships: tuple[Relationship, ...], label: str, column: str) -> bool:
    return any((one.to_table, one.to_column) == (label, title(column)) for one in relationships)


def _repeated(table: StarTable, star_of: dict[str, StarTable]) -> set[str]:
    """Return the columns of a mart that are those of the title or user of its row."""
    if not table.name.startswith(MART):
        return set()
    return {name for target in table.points_to.values() for name in star_of[target].types}


def _sorted_by(node: dict) -> dict[str, str]:
    given = {name: one["config"]["meta"].get("sort_by") for name, one in node["columns"].items()}
    return {name: order for name, order in given.items() if order}


def _aggregated(definitions: Definitions, table: str) -> set[str]:
    """Return the columns that measures of the table stand for, and those that another table's filter."""
    found = set()
    for model in definitions.models.values():
        if model.table != table:
            continue
        fields = {one.sql for one in categories(model)}
        for measure in model.measures.values():
            found |= {node.name for node in parsed(measure.sql).find_all(exp.Column)} - fields
            found |= {model.dimensions[measure.time].sql} if measure.time and model.key is None else set()
        found |= {model.dimensions[name].sql for name in shared_dimensions(definitions, model)}
    return found
