"""A star as a Power BI model in the Python engine of pbix-mcp: what a visual shows of the measures.

The relationships are those that the definitions' keys mean, each filters one way, and the calendar is marked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from pbix_mcp.dax.engine import evaluate_measures_batch
from psycopg2.extensions import cursor as Cursor

from include.metrics import Definitions
from include.metrics.dax_names import Names, title
from include.metrics.definitions import CALENDAR, GRAINS, SemanticModel
from include.metrics.fields import owner_of, source_of

NAMES = Names()
DATES, DATE = NAMES.table(CALENDAR), title("date")
ONE_WAY = 1
# The columns of the calendar that tell a period from the others, by its first day.
PERIODS = {
    "day": {"Date": lambda day: day},
    "week": {"Week Start Date": lambda day: day},
    "month": {"Year": lambda day: day.year, "Month": lambda day: day.month},
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


def power_bi(cursor: Cursor, definitions: Definitions, measures: Mapping[str, str]) -> PowerBi:
    """Read the published star into a model with the measures."""
    used = {model.table for model in definitions.models.values()}
    return PowerBi({NAMES.table(one): _rows(cursor, one) for one in used}, _keys(definitions), measures)


def slicers(
    definitions: Definitions, metrics: Iterable[str], fields: Mapping[str, object]
) -> dict[str, list]:
    """Return the fields' values as slicers on the columns in which the metrics find the fields."""
    leaves = {leaf for metric in metrics for leaf in definitions.leaves(metric)}
    found = {}
    for name, value in fields.items():
        if name in GRAINS:
            found |= {f"{DATES}.{column}": [_value(of(value))] for column, of in PERIODS[name].items()}
        for model, measure in (definitions.measures[leaf] for leaf in leaves if name not in GRAINS):
            through = owner_of(definitions, source_of(model, measure), name)
            found[_column(through[1] if through else model, name)] = [_value(value)]
    return found


def _column(model: SemanticModel, dimension: str) -> str:
    return f"{NAMES.table(model.table)}.{title(model.dimensions[dimension].sql)}"


def _rows(cursor: Cursor, table: str) -> dict:
    cursor.execute(f"select * from trusted.{table}")
    columns = [title(column.name) for column in cursor.description]
    return {"columns": columns, "rows": [list(map(_value, row)) for row in cursor.fetchall()]}


def _value(value: object) -> object:
    """Return a value of PostgreSQL as the engine knows it."""
    if isinstance(value, date):
        return datetime.combine(value, time())
    return float(value) if isinstance(value, Decimal) else value


def _keys(definitions: Definitions) -> list[dict]:
    models = definitions.models.values()
    return [one for model in models for entity in model.entities for one in _key(definitions, model, entity)]


def _key(definitions: Definitions, model: SemanticModel, entity: str) -> Iterator[dict]:
    for owner in definitions.owners(entity) if entity != model.key else ():
        yield {
            "FromTable": NAMES.table(model.table),
            "FromColumn": title(model.entities[entity]),
            "ToTable": NAMES.table(owner.table),
            "ToColumn": title(owner.entities[entity]),
            "IsActive": True,
            "CrossFilteringBehavior": ONE_WAY,
        }
