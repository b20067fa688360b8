"""Row-level security: who has the role of a value sees its rows, and no sum that is of all values."""

from include.metrics.dax_names import title
from powerbi.generate.model import Relationship, Role, Table
from powerbi.generate.tables import MART

NOTHING = "FALSE ()"


def roles(
    tables: tuple[Table, ...], relationships: tuple[Relationship, ...], values: dict[str, tuple[str, ...]]
) -> tuple[Role, ...]:
    """Return a role for each value of the column, `Country Spain` for Spain.

    A table with the column is filtered by it, one that points to such a table by that. Any other summary of
    the facts shows nothing: its sums are of all values.
    """
    return tuple(
        Role(f"{title(column)} {value}", _filters(tables, relationships, title(column), value))
        for column, of_column in values.items()
        for value in of_column
    )


def _filters(
    tables: tuple[Table, ...], relationships: tuple[Relationship, ...], column: str, value: str
) -> dict[str, str]:
    having = {one.name for one in tables if column in {of_table.name for of_table in one.columns}}
    guarded = having | {one.from_table for one in relationships if one.to_table in having}
    text = value.replace('"', '""')
    own = {name: f"'{name}'[{column}] = \"{text}\"" for name in sorted(having)}
    summaries = [one.name for one in tables if (one.source or "").startswith(MART)]
    return own | {name: NOTHING for name in summaries if name not in guarded}
