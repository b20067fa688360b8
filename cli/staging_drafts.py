"""Drafts of staging models: a raw table as declared -> the text of its model, and of the YAML beside it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import yaml

from cli.postgres_words import RESERVED
from include.specs import Column, PostgresTable, RawTable

PLAIN_NAME = re.compile(r"[^\W\d]\w*")
# What dbt would take for its own words in the name of a column.
JINJA = re.compile(r"\{[{%#]")
# What follows from the loader's columns; declared ones of the same name get another.
META = {
    "is_deleted": "_deleted_at is not null",
    "as_of": "_as_of",
    "loaded_at": "{{ utc_timestamp('_loaded_at') }}",
}
LONGEST_LINE = 100
# PostgreSQL cuts a name after 63 bytes; some of them are for a number.
LONGEST_NAME = 60


class IndentedDumper(yaml.SafeDumper):
    """YAML whose lists are indented, as in the rest of the project, and without anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def to_yaml(content: object) -> str:
    """Return the content as YAML with the project's indents."""
    return yaml.dump(content, Dumper=IndentedDumper, sort_keys=False, width=LONGEST_LINE, allow_unicode=True)


def model_name(table: RawTable) -> str:
    """Return the name of the table's staging model: postgres_users -> stg_postgres__users."""
    system = "postgres" if isinstance(table, PostgresTable) else "mongo"
    return f"stg_{system}__{table.raw.removeprefix(f'{system}_')}"


def draft_model(table: RawTable) -> str:
    """Return a model of all declared columns, the key first, in names that need no quotes."""
    columns = _in_order(table)
    names = snake_case_names([column.name for column in columns])
    lines = [
        _line(_expression(column, name, table), name) for column, name in zip(columns, names, strict=True)
    ]
    lines += [_line(expression, name) for name, expression in META.items()]
    listed = ",\n".join(lines)
    return f"select\n{listed}\nfrom {{{{ source('raw', '{table.raw}') }}}}\n"


def draft_yaml(table: RawTable) -> str:
    """Return what the model is, its key, and which columns are personal."""
    columns = _in_order(table)
    names = snake_case_names([column.name for column in columns])
    described = [_described(column, name, table) for column, name in zip(columns, names, strict=True)]
    model = {
        "name": model_name(table),
        "description": _grain(table),
        "columns": [column for column in described if len(column) > 1],
    }
    return to_yaml({"models": [model]})


def snake_case_names(names: Sequence[str]) -> list[str]:
    """Return the names in lower case with underscores, each of them once: "Customer Id" -> customer_id."""
    taken: set[str] = {*META}
    result = []
    for name in map(_snake_case, names):
        new = next(free for free in _numbered(name) if free not in taken)
        taken.add(new)
        result.append(new)
    return result


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _snake_case(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", ascii_only)
    snake = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:LONGEST_NAME] or "unnamed"
    # A word of SQL's own, or one that begins with a digit, would need quotes.
    return f"column_{snake}" if snake in RESERVED or snake[0].isdigit() else snake


def _in_order(table: RawTable) -> list[Column]:
    return sorted(table.raw_columns, key=lambda column: column.name not in table.raw_key)


def _expression(column: Column, name: str, table: RawTable) -> str:
    """Return the column as staging shows it: moments in UTC, texts without blanks around them, ids as is."""
    quoted = _quoted(column.name)
    if column.type == "timestamptz":
        return f"{{{{ utc_timestamp({quoted!r}) }}}}"
    is_id = column.name in table.raw_key or column.bson or name.endswith("_id")
    if column.type == "text" and not is_id:
        return f"{{{{ trimmed({quoted!r}) }}}}"
    return f"{{{{ {quoted!r} }}}}" if JINJA.search(quoted) else quoted


def _quoted(name: str) -> str:
    if PLAIN_NAME.fullmatch(name) and name == name.lower() and name not in RESERVED:
        return name
    return '"{}"'.format(name.replace('"', '""'))


def _line(expression: str, name: str) -> str:
    if expression == name:
        return f"    {name}"
    line = f"    {expression} as {name}"
    # A comma follows.
    return line if len(line) < LONGEST_LINE else f"    {expression}\n        as {name}"


def _described(column: Column, name: str, table: RawTable) -> dict[str, object]:
    described: dict[str, object] = {"name": name}
    if column.name in table.raw_key:
        part = "The" if len(table.raw_key) == 1 else "Part of the"
        described["description"] = f"{part} source's key, which the primary key of raw holds unique."
    if column.personal:
        described["config"] = {"meta": {"personal": True}}
    return described


def _grain(table: RawTable) -> str:
    grain = table.description.rstrip(".")
    if not grain.startswith("One row"):
        grain = f"One row per row of raw.{table.raw}" + (f" ({grain})" if grain else "")
    return f"{grain}; deleted ones are included."
