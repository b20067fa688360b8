"""Mermaid diagrams of dbt models: manifest.json -> keys and foreign_keys tests -> erDiagram."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.generated_docs import models


@dataclass(frozen=True)
class Table:
    """A model: the types of its columns, its key, and the model that each foreign key points to."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    points_to: dict[str, str]


def tables(manifest: dict, prefixes: tuple[str, ...]) -> list[Table]:
    """Return the models whose names begin so, in the order of the prefixes and then of their names."""
    return [_table(manifest, model) for model in models(manifest, prefixes)]


def diagram(shown: Sequence[Table]) -> str:
    """Draw tables with their keys, and a line for each foreign key, as a Mermaid block."""
    # From left to right, since ten tables beside each other cannot be read.
    lines = ["```mermaid", "erDiagram", "    direction LR"]
    for table in shown:
        for column, target in table.points_to.items():
            # A foreign key that is the whole key is there once at most.
            many = "|o" if table.key == (column,) else "}o"
            lines.append(f"    {table.name} {many}--|| {target} : {column}")
    for table in shown:
        columns = [column for column in table.types if column in {*table.key, *table.points_to}]
        if not columns:
            # A view holds no keys: nothing of it is to be drawn.
            continue
        lines += [
            f"    {table.name} {{",
            *(f"        {_attribute(table, name)}" for name in columns),
            "    }",
        ]
    return "\n".join([*lines, "```", ""])


def _attribute(table: Table, column: str) -> str:
    marks = ["PK"] * (column in table.key) + ["FK"] * (column in table.points_to)
    return f"{table.types[column]} {column} {', '.join(marks)}"


def _table(manifest: dict, model: dict) -> Table:
    tests = [node for node in manifest["nodes"].values() if node.get("attached_node") == model["unique_id"]]
    targets = {
        # As it is written: ref('dim_users')
        key["column"]: key["to"].split("'")[1]
        for test in tests
        for key in test["test_metadata"]["kwargs"].get("keys", [])
    }
    return Table(
        name=model["name"],
        types={name: column["data_type"] for name, column in model["columns"].items()},
        key=_key(model),
        points_to={name: targets[name] for name in model["columns"] if name in targets},
    )


def _key(model: dict) -> tuple[str, ...]:
    """Return the primary key by the constraint of a column or the model; the fact has what it merges by."""
    for name, column in model["columns"].items():
        if any(constraint["type"] == "primary_key" for constraint in column["constraints"]):
            return (name,)
    for constraint in model["constraints"]:
        if constraint["type"] == "primary_key":
            return tuple(constraint["columns"])
    return (model["config"]["unique_key"],)
