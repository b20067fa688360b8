"""Conditions that name a value which no row has: most often it is misspelt."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.errors import MetricError
from include.metrics.definitions import GRAINS, Definitions, Dimension, SemanticModel
from include.metrics.questions import Condition, Question
from include.metrics.spelling import proposed

VALUES = "select distinct cast({column} as text) from {schema}.{table} where {column} is not null order by 1"
# So many values are listed where none is like the one that was asked for.
FEW = 12


def check_values(
    cursor: Cursor, definitions: Definitions, question: Question, schema: str = "trusted"
) -> None:
    """Raise MetricError where a condition names a value that its dimension does not have."""
    for condition in question.where:
        if condition.field not in GRAINS and condition.operator in ("=", "!="):
            _check(cursor, definitions, condition, schema)


def _check(cursor: Cursor, definitions: Definitions, condition: Condition, schema: str) -> None:
    found = set()
    for model, dimension in _holders(definitions, condition.field):
        names = {"schema": Identifier(schema), "table": Identifier(model.table), "column": SQL(dimension.sql)}
        cursor.execute(SQL(VALUES).format(**names))
        found |= {value for (value,) in cursor.fetchall()}
    known = sorted(found)
    for value in condition.values:
        if value not in known:
            raise MetricError(
                f"There is no {condition.field} {value!r}: {proposed(value, known) or _few(known)}"
            )


def _few(known: list[str]) -> str:
    more = f" and {len(known) - FEW} more" if len(known) > FEW else ""
    return f"there are {', '.join(known[:FEW])}{more}"


def _holders(definitions: Definitions, field: str) -> list[tuple[SemanticModel, Dimension]]:
    return [
        (model, model.dimensions[field]) for model in definitions.models.values() if field in model.dimensions
    ]
