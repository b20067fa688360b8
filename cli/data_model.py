"""`make data-model`: the diagrams in docs/data-model.md, drawn from the dbt project.

`dbt parse` -> manifest.json -> keys and foreign_keys tests -> Mermaid, between the markers of each diagram.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli import LOCAL
from cli.dbt import NO_LOGIN, DbtError, run_dbt
from include.environment import ROOT

DOCUMENT = ROOT / "docs" / "data-model.md"
# Diagram -> how the names of its models begin.
DIAGRAMS = {"star": ("fct_", "bridge_", "dim_"), "marts": ("mart_",)}


@dataclass(frozen=True)
class Table:
    """A model: the types of its columns, its key, and the model that each foreign key points to."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    points_to: dict[str, str]


def main() -> int:
    """Write the diagrams into the document."""
    try:
        manifest = read_manifest(LOCAL / "dbt" / "data-model")
        text = with_diagrams(DOCUMENT.read_text(encoding="utf-8"), manifest)
    except (DbtError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"The diagrams of {DOCUMENT.relative_to(ROOT)} are up to date.")
    return 0


def read_manifest(work_dir: Path) -> dict:
    """Parse the project, which needs no database, and return dbt's manifest."""
    target = run_dbt("parse", settings=NO_LOGIN, work_dir=work_dir)
    return json.loads((target / "manifest.json").read_text(encoding="utf-8"))


def with_diagrams(text: str, manifest: dict) -> str:
    """Return the document with every diagram drawn anew; raises ValueError where its markers are missing."""
    for name, prefixes in DIAGRAMS.items():
        begin, end = f"<!-- {name}: drawn by make data-model -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found and found_end):
            raise ValueError(f"The document has no lines `{begin.strip()}` and `{end}`: put them back")
        text = f"{before}{begin}{diagram(tables(manifest, prefixes))}{end}{after}"
    return text


def tables(manifest: dict, prefixes: tuple[str, ...]) -> list[Table]:
    """Return the models whose names begin so, in the order of the prefixes and then of their names."""
    models = sorted(
        (node for node in manifest["nodes"].values() if node["resource_type"] == "model"),
        key=lambda model: model["name"],
    )
    return [
        _table(manifest, model) for prefix in prefixes for model in models if model["name"].startswith(prefix)
    ]


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


if __name__ == "__main__":
    sys.exit(main())
