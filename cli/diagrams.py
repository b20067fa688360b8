"""Mermaid diagrams of dbt models: manifest.json -> keys and foreign_keys tests -> erDiagram."""

from collections.abc import Sequence

from include.manifest import Table


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
