"""Drafts of staging models: a raw table as declared -> the text of its model, and of the YAML beside it."""

import re
from collections.abc import Iterator, Sequence

from sqlfluff.core import dialect_selector

from include.specs import Column, PostgresTable, RawTable

# What follows from the loader's columns; declared ones of the same name get another.
META = {
    "is_deleted": "_deleted_at is not null",
    "as_of": "_as_of",
    "loaded_at": "{{ utc_timestamp('_loaded_at') }}",
}
POSTGRES = dialect_selector("postgres")
# Words that need quotes as names; some would be a function.
RESERVED = {word.lower() for kind in ("reserved_keywords", "bare_functions") for word in POSTGRES.sets(kind)}
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def model_name(table: RawTable) -> str:
    """Return the name of the table's staging model: postgres_users -> stg_postgres__users."""
    system = "postgres" if isinstance(table, PostgresTable) else "mongo"
    return f"stg_{system}__{table.raw.removeprefix(f'{system}_')}"


def draft_model(table: RawTable) -> str:
    """Return a model of all declared columns, the key first, in names that need no quotes."""
    columns = sorted(table.raw_columns, key=lambda column: column.name not in table.raw_key)
    names = snake_case_names([column.name for column in columns])
    expressions = [_expression(column, table) for column in columns] + list(META.values())
    pairs = zip(expressions, [*names, *META], strict=True)
    lines = [f"    {value}" if value == name else f"    {value} as {name}" for value, name in pairs]
    listed = ",\n".join(lines)
    return f"select\n{listed}\nfrom {{{{ source('raw', '{table.raw}') }}}}\n"


def draft_description(table: RawTable) -> dict[str, object]:
    """Return what dbt is told of the model: its grain, its key, and which columns are personal."""
    names = dict(zip(table.raw_columns, snake_case_names([c.name for c in table.raw_columns]), strict=True))
    described = []
    for column, name in names.items():
        if column.name in table.raw_key:
            described.append({"name": name, "description": "Of the source's key."})
        elif column.personal:
            described.append({"name": name, "config": {"meta": {"personal": True}}})
    return {"name": model_name(table), "description": _grain(table), "columns": described}


def snake_case_names(names: Sequence[str]) -> list[str]:
    """Return the names in lower case with underscores, each of them once: "Customer Id" -> customer_id."""
    taken = set(META)
    result = []
    for name in map(_snake_case, names):
        free = next(candidate for candidate in _numbered(name) if candidate not in taken)
        taken.add(free)
        result.append(free)
    return result


def _numbered(name: str) -> Iterator[str]:
    """Yield the name, then name_2, name_3 and so on."""
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _snake_case(name: str) -> str:
    """Return a name that needs no quotes."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    snake = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return f"column_{snake}".rstrip("_") if snake in RESERVED or not snake[:1].isalpha() else snake


def _expression(column: Column, table: RawTable) -> str:
    """Return the column as staging shows it: a moment in UTC, a text without blanks around it."""
    is_plain = PLAIN_NAME.fullmatch(column.name) and column.name not in RESERVED
    quoted = column.name if is_plain else '"{}"'.format(column.name.replace('"', '""'))
    if column.type == "timestamptz":
        return f"{{{{ utc_timestamp({quoted!r}) }}}}"
    is_id = column.name in table.raw_key or column.bson or column.name.endswith("_id")
    return f"nullif(trim({quoted}), '')" if column.type == "text" and not is_id else quoted


def _grain(table: RawTable) -> str:
    grain = table.description.rstrip(".") or f"One row per row of raw.{table.raw}"
    return f"{grain}, including deleted ones."
