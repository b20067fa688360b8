"""The text of the blocks that `make data-model` writes: lists of dbt models and of include/tables.py."""

import re

from include.manifest import models, star_names
from include.nodes import KINDS
from include.specs import DocumentKind, MongoCollection, PostgresTable
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES, SOURCES


def grain_table(manifest: dict, prefixes: tuple[str, ...]) -> str:
    """Return a Markdown table of models and the first sentence of their descriptions, `One row per …`."""
    rows = [f"| `{model['name']}` | {_grain(model)} |" for model in models(manifest, prefixes)]
    return _lines("| table | one row per |", "|---|---|", *rows)


def exposed_models(manifest: dict) -> str:
    """Return the items of the exposure's `depends_on`."""
    return _lines(*(f"      - ref('{name}')" for name in star_names(manifest)))


def models_with_keys(manifest: dict) -> str:
    """Return the models of tests that hold contracts, as assert_keys_are_unique, as a list in Jinja."""
    return _lines("{% set models = [", *(f"    '{name}'," for name in star_names(manifest)), "] %}")


def marts_of_the_fact(manifest: dict) -> str:
    """Return the marts of assert_marts_match_the_fact, with an expression for hours, as a mapping in Jinja.

    These are the marts that count sessions, without those that declare `leaves_out_sessions` in their `meta`.
    """
    marts = [
        f"    '{mart['name']}': '{_hours(mart)}',"
        for mart in models(manifest, ("mart_",))
        if "sessions" in mart["columns"] and not mart["config"]["meta"].get("leaves_out_sessions")
    ]
    return _lines("{% set marts = {", *marts, "} %}")


def node_lines(manifest: dict) -> str:
    """Return the unique ids of the nodes that have a task of their own in the DAG, one a line."""
    return _lines(*sorted(unique_id for unique_id in manifest["nodes"] if unique_id.startswith(KINDS)))


def files_table() -> str:
    """Return a Markdown table of the files that are loaded, with their columns or fields."""
    rows = [f"| `{table.file}` | `{','.join(_names(table))}` |" for table in POSTGRES_TABLES]
    rows += [f"| `{collection.file}` | {_shape(collection)} |" for collection in MONGO_COLLECTIONS]
    return _lines("| file | shape |", "|---|---|", *rows)


def stack_files() -> str:
    """Return the line of cli/stack with the names of the files that a person may bring."""
    return _lines(f"  files=({' '.join(source.file for source in SOURCES)})")


def watermark_names() -> str:
    """Return a Markdown list of the values of `ops.watermarks.table_name`."""
    return _lines(*(f"- `{source.raw}`" for source in SOURCES))


def _grain(model: dict) -> str:
    first_sentence = re.split(r"\.(?:\s|$)", model["description"], maxsplit=1)[0]
    return first_sentence.removeprefix("One row per ")


def _hours(mart: dict) -> str:
    return "watch_hours" if "watch_hours" in mart["columns"] else "watch_minutes / 60"


def _names(table: PostgresTable | DocumentKind) -> list[str]:
    return [column.name for column in getattr(table, "file_columns", table.columns)]


def _shape(collection: MongoCollection) -> str:
    lists = ", ".join(f'"{kind.name}": [...]' for kind in collection.kinds)
    fields = [
        f"`{kind.name}`: `{', '.join([*_names(kind), *(f'{array.field}[]' for array in kind.arrays)])}`"
        for kind in collection.kinds
    ]
    return f"`{{{lists}}}`. {'. '.join(fields)}"


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
