"""What the objects of a model say of each other: a name that nothing bears, a relationship that cannot be.

Power BI refuses such a model when it opens or refreshes it; the text of each file is fine.
"""

from collections import Counter
from collections.abc import Iterator

from tests.powerbi import dax
from tests.powerbi.filter_paths import path_problems
from tests.powerbi.nodes import Model, Node
from tests.powerbi.refusals import refusal_problems

# What of a table people drag into a visual.
FIELDS = ("column", "measure", "hierarchy")


def problems(model: Model) -> list[str]:
    """Return a sentence for every reference that leads nowhere, and whatever else Power BI refuses."""
    checks = (
        _tables,
        _names,
        _tags,
        _ends,
        path_problems,
        _columns_of_tables,
        _named_tables,
        _refs,
        refusal_problems,
        _dax,
    )
    return [problem for check in checks for problem in check(model)]


def _tables(model: Model) -> Iterator[str]:
    """Every table has a partition, and no name of an expression: both are queries to Power Query."""
    expressions = {node.name.lower() for node in model.expressions()}
    for table in model.tables():
        if not table.of("partition"):
            yield f"{table.place}: table {table.name} has no partition"
        if table.name.lower() in expressions:
            yield f"{table.place}: table {table.name} and an expression have the same name"


def _names(model: Model) -> Iterator[str]:
    """Names are unique among their like, whatever their case; those of a table's fields are alike."""
    for owner in [None, *(node for root in model.objects for node in root.walk())]:
        children = owner.children if owner else model.objects
        yield from _twice([node for node in children if node.kind not in FIELDS])
        yield from _twice([node for node in children if node.kind in FIELDS], kind="field")
    yield from _twice(model.measures())


def _twice(nodes: list[Node], kind: str = "") -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        name = (kind or node.kind, node.name.lower())
        if name in seen and node.kind != "changedProperty":
            yield f"{node.place}: the name {node.name} of a {node.kind} is given twice"
        seen.add(name)


def _tags(model: Model) -> Iterator[str]:
    nodes = [node for root in model.objects for node in root.walk()]
    tags = Counter(tag for node in nodes if (tag := node.properties.get("lineageTag")))
    for node in nodes:
        tag = node.properties.get("lineageTag")
        if tags[tag] > 1:
            yield f"{node.place}: the lineageTag {tag} is given {tags[tag]} times"


def _ends(model: Model) -> Iterator[str]:
    """Both ends of a relationship are columns, of the same type."""
    columns = {(node.parent.name, node.name): node for node in model.every("column")}
    for relationship in model.relationships():
        found = [columns.get(end) for end in relationship.ends()]
        for name, column in zip(("fromColumn", "toColumn"), found, strict=True):
            if column is None:
                yield f"{relationship.place}: {name} {relationship.properties.get(name)} is no column"
        types = [column.properties.get("dataType") for column in found if column]
        if len(types) == 2 and types[0] != types[1]:
            yield f"{relationship.place}: the types of {relationship.label} differ: {types[0]}, {types[1]}"


def _columns_of_tables(model: Model) -> Iterator[str]:
    """What sorts a column, and what a level shows, are columns of the same table."""
    for table in model.tables():
        names = {column.name for column in model.columns(table)}
        used = [(node, "sortByColumn") for node in model.columns(table)]
        used += [(level, "column") for hierarchy in table.of("hierarchy") for level in hierarchy.of("level")]
        for node, key in used:
            named = node.properties.get(key)
            if named not in names and (named or node.kind == "level"):
                yield f"{node.place}: {key} {named} of {node.label} is no column of {table.name}"


def _named_tables(model: Model) -> Iterator[str]:
    tables = {table.name for table in model.tables()}
    for node in model.every("tablePermission") + model.every("perspectiveTable"):
        if node.name not in tables:
            yield f"{node.place}: {node.kind} {node.name} is no table"


def _refs(model: Model) -> Iterator[str]:
    """What the model's file lists with `ref` has a file."""
    declared = {(node.kind, node.name) for node in model.objects}
    for node in model.objects:
        kind = node.kind.removeprefix("ref ")
        if kind != node.kind and (kind, node.name) not in declared:
            yield f"{node.place}: ref {kind} {node.name} has no such object"


def _dax(model: Model) -> Iterator[str]:
    fields = {
        table.name.lower(): {node.name.lower() for node in table.of("column") + table.of("measure")}
        for table in model.tables()
    }
    measures = {measure.name.lower() for measure in model.measures()}
    for node, home, text in dax.expressions(model):
        if bracket := dax.unbalanced(text):
            yield f"{node.place}: {node.label} has an unbalanced {bracket}"
        near = measures | fields.get(home.lower(), set()) | dax.own_names(text)
        for reference in dax.references(text):
            if wrong := _unknown(reference, fields, near):
                yield f"{node.place}: {node.label} names {wrong}"


def _unknown(reference: dax.Reference, fields: dict[str, set[str]], near: set[str]) -> str:
    """Return what is unknown of a reference; `near` is what may stand without a table."""
    table, name = reference.table.lower(), reference.name.lower()
    if not table:
        return "" if name in near or name.startswith("@") else f"[{reference.name}], which is no measure"
    if table not in fields:
        is_variable = not reference.quoted and table in near
        return "" if is_variable else f"the table {reference.table}, which there is not"
    known = not name or name in fields[table]
    return "" if known else f"{reference.table}[{reference.name}], which is no field"
