"""What makes a CSV value unloadable, as SQL of DuckDB over text columns, and what it is as a typed value.

The same rules as include/rules/csv_values.py has for PostgreSQL, with its patterns and sentences.
"""

from include.rules.csv_values import DATE, MALFORMED, PATTERNS
from include.rules.reasons import sentence
from include.rules.texts import BLANKS
from include.specs import Column
from lakehouse.duck import identifier
from lakehouse.rules import NOT_HELD, NOT_HELD_SENTENCE
from lakehouse.shapes import DECIMAL, DIGITS, SCALE

# Wide enough for every value that the lake holds.
NUMBER = f"decimal({DIGITS}, {SCALE})"
# How many digits stand after the point of a text, as 1.50e-3 has four.
FRACTION = (
    r"length(rtrim(regexp_extract({text}, '\.([0-9]*)', 1), '0'))"
    r" - coalesce(try_cast(regexp_extract({text}, '[eE]([+-]?[0-9]+)', 1) as integer), 0)"
)


def first_problem(columns: tuple[Column, ...]) -> str:
    """Return an expression: null for a good row, else a list of column, value, reason and rule."""
    return f"case {' '.join(branch for column in columns for branch in _branches(column))} end"


def typed_value(column: Column) -> str:
    """Return the checked text as a value of the column's type; an empty one is null, a text stays as is."""
    name = identifier(column.name)
    if column.type == "text":
        return f"nullif({name}, '')"
    value = name if column.type == "date" else _number(name)
    type_ = NUMBER if column.type == DECIMAL else column.type
    return f"case when {_is_filled(name)} then cast({value} as {type_}) end"


def _branches(column: Column) -> list[str]:
    """Return the column's rules as branches of a CASE, in the order in which they are tried."""
    name = identifier(column.name)
    found = []
    if column.required:
        found.append(_branch(column, f"not {_is_filled(name)}", "empty"))
    if column.max_bytes is not None:
        found.append(_branch(column, f"strlen({name}) > {column.max_bytes}", "too_long", column.max_bytes))
    if column.type == "date":
        wrong = f"not regexp_full_match({name}, {_quoted(DATE)}) or try_cast({name} as date) is null"
        found += [_branch(column, f"{_is_filled(name)} and ({wrong})", MALFORMED["date"]), *_bounds(column)]
    elif column.type != "text":
        wrong = f"not regexp_matches({name}, {_quoted(PATTERNS[column.type])})"
        found += [
            _branch(column, f"{_is_filled(name)} and {wrong}", MALFORMED[column.type]),
            *_bounds(column),
        ]
        found.append(_branch_of(column, _not_held(name), NOT_HELD_SENTENCE, NOT_HELD))
    return found


def _bounds(column: Column) -> list[str]:
    """Return the branches for values outside the column's bounds, which are inclusive."""
    name = identifier(column.name)
    is_date = column.type == "date"
    # A number with more digits than the type has is compared as a double.
    values = [f"try_cast({name} as date)"] if is_date else [_number(name), _double(name)]
    return [
        _branch(
            column, " or ".join(f"{value} {sign} {_literal(column, bound)}" for value in values), rule, bound
        )
        for bound, sign, rule in ((column.smallest, "<", "below"), (column.largest, ">", "above"))
        if bound is not None
    ]


def _not_held(name: str) -> str:
    return f"{_is_filled(name)} and ({_number(name)} is null or {FRACTION.format(text=name)} > {SCALE})"


def _number(name: str) -> str:
    return f"try_cast(trim({name}, ' \t') as {NUMBER})"


def _double(name: str) -> str:
    return f"case when {_number(name)} is null then try_cast(trim({name}, ' \t') as double) end"


def _is_filled(name: str) -> str:
    return f"(coalesce(trim({name}, {_quoted(BLANKS)}), '') <> '')"


def _branch(column: Column, condition: str, rule: str, *details: object) -> str:
    return _branch_of(column, condition, sentence(rule, *details), rule)


def _branch_of(column: Column, condition: str, reason: str, rule: str) -> str:
    texts = ", ".join((_quoted(column.name), identifier(column.name), _quoted(reason), _quoted(rule)))
    return f"when {condition} then [{texts}]"


def _literal(column: Column, bound: float | str) -> str:
    return f"date '{bound}'" if column.type == "date" else str(bound)


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
