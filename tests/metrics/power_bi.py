"""The Power BI project's model with the rows of a star, in the Python engine of pbix-mcp."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal

from pbix_mcp.dax.calc_tables import evaluate_row_context_column
from pbix_mcp.dax.engine import evaluate_measures_batch
from psycopg2.extensions import cursor as Cursor

from include.metrics import Definitions
from include.metrics.dax_columns import column_of
from include.metrics.dax_names import Names, title
from include.metrics.definitions import CALENDAR, GRAINS
from include.metrics.fields import owner_of, shared_dimensions, source_of
from powerbi.generate.model import Model, Relationship, Role, Table
from powerbi.generate.roles import NOTHING

NAMES = Names()
DATES, DATE = NAMES.table(CALENDAR), title("date")
ONE_WAY = 1
# A larger table gets no calculated columns: the engine takes minutes.
MOST_ROWS = 20_000
PERMISSION = re.compile(r''''(?P<table>[^']+)'\[(?P<column>[^]]+)\] = "(?P<value>(?:[^"]|"")*)"''')
# The columns of the calendar that tell a period from the others, by its first day.
PERIODS = {
    "day": {"Date": lambda day: day},
    "week": {"Week Start Date": lambda day: day},
    "month": {"Month Start Date": lambda day: day},
    "quarter": {"Year": lambda day: day.year, "Quarter": lambda day: (day.month + 2) // 3},
    "year": {"Year": lambda day: day.year},
}


@dataclass(frozen=True)
class PowerBi:
    """A model's tables with their rows, its relationships, and measures by label."""

    tables: dict[str, dict]
    relationships: list[dict]
    measures: Mapping[str, str]
    cache: dict = field(default_factory=dict)

    def shows(self, labels: Iterable[str], slicers: Mapping[str, list]) -> list[float]:
        """Return the values of measures where columns, `Table.Column`, are sliced to values; 0 for blank."""
        labels = list(labels)
        values = evaluate_measures_batch(
            labels,
            self.tables,
            dict(self.measures),
            dict(slicers),
            DATES,
            DATE,
            self.relationships,
            date_tables={DATES: DATE},
            cache=self.cache,
        )
        return [values[label] or 0 for label in labels]

    def seen_by(self, role: Role) -> "PowerBi":
        """Return what is left for people with the role; what points to a hidden row is hidden as well."""
        tables = dict(self.tables)
        for name, dax in role.filters.items():
            tables[name] = _permitted(tables[name], dax)
        for one in self.relationships:
            if one["ToTable"] in role.filters:
                tables[one["FromTable"]] = _pointing(tables, one)
        return replace(self, tables=tables, cache={})


def power_bi(cursor: Cursor, model: Model) -> PowerBi:
    """Read the published star into the model."""
    relationships = [_relationship(one) for one in model.relationships]
    tables: dict[str, dict] = {one.name: _rows(cursor, one) for one in model.tables}
    for table in model.tables:
        _calculate(table, tables, relationships)
    measures = {one.name: one.dax for table in model.tables for one in table.measures}
    return PowerBi(tables, relationships, measures)


def slicers(
    definitions: Definitions, metrics: Iterable[str], fields: Mapping[str, object]
) -> dict[str, list]:
    """Return the fields' values as slicers on the columns in which the metrics find the fields."""
    found = {}
    for name, value in fields.items():
        if name in GRAINS:
            found |= {f"{DATES}.{column}": [_value(of(value))] for column, of in PERIODS[name].items()}
        else:
            found |= {column: [_value(value)] for column in _columns(definitions, metrics, name)}
    return found


def _columns(definitions: Definitions, metrics: Iterable[str], name: str) -> Iterator[str]:
    leaves = {leaf for metric in metrics for leaf in definitions.leaves(metric)}
    for model, measure in (definitions.measures[leaf] for leaf in leaves):
        through = owner_of(definitions, source_of(model, measure), name)
        owner = through[1] if through else shared_dimensions(definitions, model).get(name, model)
        yield f"{NAMES.table(owner.table)}.{column_of(owner.dimensions[name])}"


def _rows(cursor: Cursor, table: Table) -> dict:
    loaded = [one for one in table.columns if one.source]
    columns = [one.name for one in loaded]
    if table.source is None:
        return {"columns": columns, "rows": []}
    cursor.execute(f"select {', '.join(one.source for one in loaded)} from trusted.{table.source}")
    return {"columns": columns, "rows": [list(map(_value, row)) for row in cursor.fetchall()]}


def _calculate(table: Table, tables: dict[str, dict], relationships: list[dict]) -> None:
    """Add the calculated columns to the table's rows."""
    rows = tables[table.name]["rows"]
    for one in table.columns if len(rows) < MOST_ROWS else ():
        if one.dax:
            names = tables[table.name]["columns"]
            values, error = evaluate_row_context_column(
                names, rows, one.dax, table.name, tables, relationships
            )
            assert not error, f"{table.name}[{one.name}]: {error}"
            names.append(one.name)
            for row, value in zip(rows, values, strict=True):
                row.append(value)


def _permitted(table: dict, dax: str) -> dict:
    if dax == NOTHING:
        return table | {"rows": []}
    said = PERMISSION.fullmatch(dax)
    place = table["columns"].index(said["column"])
    value = said["value"].replace('""', '"')
    return table | {"rows": [row for row in table["rows"] if row[place] == value]}


def _pointing(tables: dict[str, dict], one: dict) -> dict:
    table, target = tables[one["FromTable"]], tables[one["ToTable"]]
    place, key = table["columns"].index(one["FromColumn"]), target["columns"].index(one["ToColumn"])
    left = {row[key] for row in target["rows"]}
    return table | {"rows": [row for row in table["rows"] if row[place] in left]}


def _value(value: object) -> object:
    """Return a value of PostgreSQL as the engine knows it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return float(value) if isinstance(value, Decimal) else value


def _relationship(one: Relationship) -> dict:
    return {
        "FromTable": one.from_table,
        "FromColumn": one.from_column,
        "ToTable": one.to_table,
        "ToColumn": one.to_column,
        "IsActive": True,
        "CrossFilteringBehavior": ONE_WAY,
    }
