"""What makes a CSV value unloadable, as SQL over a staging table of text columns.

The rules come from the column specs in `tables.py`; PostgreSQL applies them to all rows at once.
"""

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.tables import Column

# No \d and \s: they also match digits and blanks of other scripts, which no cast takes.
WHOLE_NUMBER = r"^[ \t]*[+-]?[0-9]{1,18}(\.0*)?[ \t]*$"
NUMBER = r"^[ \t]*[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?[ \t]*$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
PATTERNS = {"integer": WHOLE_NUMBER, "bigint": WHOLE_NUMBER, "numeric": NUMBER, "date": DATE}
NOUNS = {"integer": "a whole number", "bigint": "a whole number", "numeric": "a number"}
# What nobody sees in a file: a key of nothing else is no key.
BLANKS = " \t\r\n\v\f\u00a0"


def first_problem(columns: tuple[Column, ...]) -> Composed:
    """Return an expression: null for a good row, else an array {column, value, reason}.

    The branches of a CASE are tried in order, so a bound is only compared once the value is known to be one.
    """
    branches = [branch for column in columns for branch in _branches(column)]
    return SQL("case {} end").format(SQL(" ").join(branches))


def typed_value(column: Column) -> Composed:
    """Return the checked text as a value of the column's type; an empty one is null."""
    text = SQL("nullif(btrim({}), '')").format(Identifier(column.name))
    if column.type == "text":
        text = SQL("nullif({}, '')").format(Identifier(column.name))
    # '21.0' is a whole number written by a program that knows no others.
    via = SQL("::numeric") if column.is_whole else SQL("")
    return SQL("{}{}::{}").format(text, via, SQL(column.type))


def _branches(column: Column) -> list[Composable]:
    name = Identifier(column.name)
    branches = []
    if column.required:
        empty = SQL("{0} is null or btrim({0}, {1}) = ''").format(name, Literal(BLANKS))
        branches.append(_branch(column, empty, "is empty"))
    if column.type != "text":
        filled = SQL("btrim({}) <> ''").format(name)
        wrong = SQL("{} and {} !~ {}").format(filled, name, Literal(PATTERNS[column.type]))
        if column.type == "date":
            wrong = SQL("{} and ({} !~ {} or not pg_input_is_valid({}, 'date'))").format(
                filled, name, Literal(DATE), name
            )
        branches.append(_branch(column, wrong, f"is not {NOUNS.get(column.type, 'a date (YYYY-MM-DD)')}"))
        branches += [_branch(column, condition, reason) for condition, reason in _bounds(column)]
    return branches


def _bounds(column: Column) -> list[tuple[Composed, str]]:
    cast = "date" if column.type == "date" else "numeric"
    return [
        (
            SQL("btrim({0}) <> '' and {0}::{1} {2} {3}").format(
                Identifier(column.name), SQL(cast), SQL(operator), Literal(bound)
            ),
            f"is {word} {bound}",
        )
        for bound, operator, word in ((column.minimum, "<", "below"), (column.largest, ">", "above"))
        if bound is not None
    ]


def _branch(column: Column, condition: Composed, reason: str) -> Composed:
    return SQL("when {} then array[{}, {}, {}]").format(
        condition, Literal(column.name), Identifier(column.name), Literal(reason)
    )
