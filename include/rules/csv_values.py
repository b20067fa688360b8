"""What makes a CSV value unloadable, as SQL over a staging table of text columns.

The rules come from the column specs in `sources.yml`; PostgreSQL applies them to all rows at once.
"""

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.rules.reasons import sentence
from include.rules.texts import is_filled, is_too_long
from include.specs import Column

# No \d and \s: they also match digits and blanks of other scripts, which no cast takes.
WHOLE_NUMBER = r"^[ \t]*[+-]?[0-9]{1,18}(\.0*)?[ \t]*$"
NUMBER = r"^[ \t]*[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?[ \t]*$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
PATTERNS = {"integer": WHOLE_NUMBER, "bigint": WHOLE_NUMBER, "numeric": NUMBER, "date": DATE}
MALFORMED = {"integer": "not_a_whole_number", "bigint": "not_a_whole_number", "numeric": "not_a_number"}
MALFORMED |= {"date": "not_a_date"}


def first_problem(columns: tuple[Column, ...]) -> Composed:
    """Return an expression: null for a good row, else an array {column, value, reason, rule}.

    The branches of a CASE are tried in order, so a bound is only compared once the value is known to be one.
    """
    branches = [branch for column in columns for branch in _branches(column)]
    return SQL("case {} end").format(SQL(" ").join(branches))


def typed_value(column: Column) -> Composed:
    """Return the checked text as a value of the column's type; an empty one is null, a text stays as is."""
    text = Identifier(column.name)
    if column.type == "text":
        return SQL("nullif({}, '')").format(text)
    # '21.0' is a whole number written by a program that knows no others.
    via = SQL("::numeric") if column.is_whole else SQL("")
    return SQL("case when {} then {}{}::{} end").format(is_filled(text), text, via, SQL(column.type))


def _branches(column: Column) -> list[Composable]:
    """Return the column's rules as branches of a CASE, in the order in which they are tried."""
    name = Identifier(column.name)
    branches = []
    if column.required:
        branches.append(branch(column, SQL("{} is not true").format(is_filled(name)), "empty"))
    if column.max_bytes is not None:
        branches.append(branch(column, is_too_long(name, column.max_bytes), "too_long", column.max_bytes))
    if column.type != "text":
        filled = is_filled(name)
        wrong = SQL("{} and {} !~ {}").format(filled, name, Literal(PATTERNS[column.type]))
        if column.type == "date":
            wrong = SQL("{} and ({} !~ {} or not pg_input_is_valid({}, 'date'))").format(
                filled, name, Literal(DATE), name
            )
        branches.append(branch(column, wrong, MALFORMED[column.type]))
        branches += _bounds(column)
    return branches


def _bounds(column: Column) -> list[Composed]:
    """Return the branches for values outside the column's bounds, which are inclusive."""
    cast = "date" if column.type == "date" else "numeric"
    return [
        branch(
            column,
            SQL("{0} and {1}::{2} {3} {4}").format(
                is_filled(Identifier(column.name)),
                Identifier(column.name),
                SQL(cast),
                SQL(operator),
                Literal(bound),
            ),
            rule,
            bound,
        )
        for bound, operator, rule in ((column.smallest, "<", "below"), (column.largest, ">", "above"))
        if bound is not None
    ]


def branch(column: Column, condition: Composed, rule: str, *details: object) -> Composed:
    """Return the branch that names column, value, reason and rule where the condition holds."""
    return SQL("when {} then array[{}, {}::text, {}, {}]").format(
        condition,
        Literal(column.name),
        Identifier(column.name),
        Literal(sentence(rule, *details)),
        Literal(rule),
    )
