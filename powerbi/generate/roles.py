"""Row-level security: who has the role of a value sees its rows, and no sum that is of all values."""

from include.errors import InputError
from include.metrics.dax_names import title
from powerbi.generate.model import Relationship, Role, Table
from powerbi.generate.settings import PLACE

NOTHING = "FALSE ()"
# Tables with numbers, by their names in the star.
NUMBERS = ("mart_", "fct_")


def roles(
    tables: tuple[Table, ...], relationships: tuple[Relationship, ...], values: dict[str, tuple[str, ...]]
) -> tuple[Role, ...]:
    """Return a role for each value of the column, `Country Spain` for Spain.

    A table with the column is filtered by it, one that points to such a table by that. Any other fact or
    summary shows nothing: its sums are of all values. Raises InputError for a column that is no text of the
    model, and for values that Power BI does not tell apart.
    """
    made = []
    for column, of_column in values.items():
        _check(tables, column)
        names = [_name(column, value) for value in of_column]
        filters = [_filters(tables, relationships, title(column), value) for value in of_column]
        made += map(Role, names, filters)
    known = set()
    for role in made:
        if role.name.casefold() in known:
            raise InputError(f"{PLACE}: Power BI takes two roles for one: {role.name}. Leave one of them out")
        known.add(role.name.casefold())
    return tuple(made)


def _name(column: str, value: str) -> str:
    """Return the role's name without commas: Power BI refuses them, since they part roles from each other."""
    return f"{title(column)} {value.replace(',', '')}"


def _check(tables: tuple[Table, ...], column: str) -> None:
    kinds = {one.data_type for table in tables for one in table.columns if one.name == title(column)}
    if kinds != {"string"}:
        wrong = "is no text" if kinds else "is in no table of the model"
        raise InputError(f"{PLACE}: the roles' column {column} {wrong}: its roles would not filter")


def _filters(
    tables: tuple[Table, ...], relationships: tuple[Relationship, ...], column: str, value: str
) -> dict[str, str]:
    having = {one.name for one in tables if column in {of_table.name for of_table in one.columns}}
    guarded = having | {one.from_table for one in relationships if one.to_table in having}
    text = value.replace('"', '""')
    own = {name: f"'{name}'[{column}] = \"{text}\"" for name in sorted(having)}
    numbers = [one.name for one in tables if (one.source or "").startswith(NUMBERS)]
    return own | {name: NOTHING for name in numbers if name not in guarded}
