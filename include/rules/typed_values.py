"""What makes a row of somebody else's table unloadable, as SQL over its typed columns.

The rules are those of sources.yml: a key or a required column without a value, and bounds.
"""

from collections.abc import Iterator, Sequence

from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.rules.csv_values import branch
from include.specs import Column


def first_problem(columns: Sequence[Column]) -> Composed | None:
    """Return an expression over `source`: null for a good row, else an array {column, value, reason, rule}.

    None where no column has a rule.
    """
    branches = [branch for column in columns for branch in _branches(column)]
    return SQL("case {} end").format(SQL(" ").join(branches)) if branches else None


def _branches(column: Column) -> Iterator[Composed]:
    # As in raw, since the bounds are of that type.
    name = SQL("source.{}::{}").format(Identifier(column.name), SQL(column.type))
    if column.required:
        yield branch(column, SQL("{} is null").format(name), "missing")
    for bound, operator, rule in ((column.minimum, "<", "below"), (column.maximum, ">", "above")):
        if bound is not None:
            # The literal takes the column's type.
            broken = SQL("{} {} {}").format(name, SQL(operator), Literal(str(bound)))
            yield branch(column, broken, rule, bound)
