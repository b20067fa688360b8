"""What makes a row of somebody else's table unloadable, as SQL over its typed columns.

The rules are those of sources.yml: a key or a required column without a value, and bounds. In a key '' and
' ' are two values, as for the database that keeps it unique; in another required text they are none.
"""

from collections.abc import Iterator, Sequence

from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.rules.csv_values import branch
from include.rules.texts import is_filled, is_too_long
from include.specs import Column


def first_problem(columns: Sequence[Column], key: Sequence[str] = ()) -> Composed | None:
    """Return an expression over `source`: null for a good row, else an array {column, value, reason, rule}.

    None where no column has a rule. `key` names the columns of the table's key.
    """
    branches = [branch for column in columns for branch in _branches(column, is_key=column.name in key)]
    return SQL("case {} end").format(SQL(" ").join(branches)) if branches else None


def _branches(column: Column, *, is_key: bool) -> Iterator[Composed]:
    # As in raw, since the bounds are of that type.
    name = SQL("source.{}::{}").format(Identifier(column.name), SQL(column.type))
    if column.required:
        yield branch(column, SQL("{} is null").format(name), "missing")
    if column.required and column.type == "text" and not is_key:
        yield branch(column, SQL("not {}").format(is_filled(name)), "empty")
    if column.max_bytes is not None:
        yield branch(column, is_too_long(name, column.max_bytes), "too_long", column.max_bytes)
    for bound, operator, rule in ((column.minimum, "<", "below"), (column.maximum, ">", "above")):
        if bound is not None:
            # The literal takes the column's type.
            broken = SQL("{} {} {}").format(name, SQL(operator), Literal(str(bound)))
            yield branch(column, broken, rule, bound)
