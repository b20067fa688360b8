"""What the declared bounds of a column ask of its values: the CHECK constraints of a silver table.

The same rules keep bad rows out before (raw.py, csv_files.py); the constraints hold whoever else writes.
"""

import re

from include.specs import NUMBERS, Column
from lakehouse.duck import identifier

# A rule of the lake's own, beside those of include/rules/reasons.py.
NOT_HELD = "not_held"
NOT_HELD_SENTENCE = (
    "is a value that the lake cannot hold: it takes 18 digits after the point, and the years 1 to 9999"
)
OPERATORS = {"minimum": ">=", "maximum": "<="}


def constraints_of(columns: tuple[Column, ...]) -> dict[str, str]:
    """Return the constraints by name. The name has the bound: age_minimum_0 is age is null or age >= 0.

    Delta keeps the condition in words of its own, so that only names can be compared.
    """
    return dict(found for column in columns for found in _of_column(column))


def _of_column(column: Column) -> list[tuple[str, str]]:
    name = identifier(column.name)
    # delta-rs writes a decimal that it compares with as the number without its point.
    value = f"cast({name} as double)" if column.type == "numeric" else name
    bounds = [(word, sign, getattr(column, word)) for word, sign in OPERATORS.items()]
    found = [
        (f"{column.name}_{word}_{bound}", f"{value} {sign} {_literal(column, bound)}")
        for word, sign, bound in bounds
        if bound is not None
    ]
    if column.max_bytes is not None:
        found.append(
            (f"{column.name}_max_bytes_{column.max_bytes}", f"octet_length({name}) <= {column.max_bytes}")
        )
    # For delta-rs a condition that is null is broken.
    found = [(constraint, f"{name} is null or {condition}") for constraint, condition in found]
    if column.required:
        found.append((f"{column.name}_required", f"{name} is not null"))
    return [(re.sub(r"\W", "_", constraint), condition) for constraint, condition in found]


def _literal(column: Column, bound: float | str) -> str:
    return str(bound) if column.type in NUMBERS else f"date '{bound}'"
