"""What dbt/models/semantic says of tables and metrics, as data.

Words are dbt's: an entity is a key, a dimension what one may group and filter by, a measure an aggregate of
one table, a metric a number with a name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

# Each grain with those that a date of it tells as well.
COARSER = {
    "day": ("day", "week", "month", "quarter", "year"),
    "week": ("week",),
    "month": ("month", "quarter", "year"),
    "quarter": ("quarter", "year"),
    "year": ("year",),
}
GRAINS = COARSER["day"]
# Every day, also those on which nothing happened, by its column `date`.
CALENDAR = "dim_dates"


@dataclass(frozen=True)
class Dimension:
    """A column or expression to group and filter by; `grain` is that of a date."""

    name: str
    sql: str
    grain: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Measure:
    """An aggregate of a table. `time` names the dimension that dates it, None when nothing does.

    With `is_last` it is not added up over time: its value is that of the last date of each group.
    """

    name: str
    agg: str
    sql: str
    time: str | None
    percentile: float | None = None
    is_last: bool = False


@dataclass(frozen=True)
class Rollup:
    """A mart that holds sums of a table's measures, and counts that are right for one of its rows only.

    `grain` and `time` are its date, `dimensions` and `entities` its other keys, each with its SQL. `where` is
    true for its rows in which something was counted.
    """

    table: str
    sums: dict[str, str]
    counts: dict[str, str]
    dimensions: dict[str, str]
    entities: dict[str, str]
    grain: str | None = None
    time: str | None = None
    where: str | None = None


@dataclass(frozen=True)
class SemanticModel:
    """A table of the star; `key` is the entity of which it has one row each, the others it points to."""

    name: str
    table: str
    key: str | None
    entities: dict[str, str]
    dimensions: dict[str, Dimension]
    measures: dict[str, Measure]
    rollups: tuple[Rollup, ...] = ()


@dataclass(frozen=True)
class Offset:
    """So many periods before, as (1, "month")."""

    count: int
    grain: str


@dataclass(frozen=True)
class Input:
    """A metric that another one takes, under the name `alias` in its expression."""

    metric: str
    alias: str
    filters: tuple[str, ...] = ()
    offset: Offset | None = None


@dataclass(frozen=True)
class Metric:
    """A number with a name. `kind` is dbt's: simple, ratio, derived or cumulative.

    `inputs` are numerator and denominator of a ratio, or what `expr` is computed from. A cumulative metric
    adds up the days of `window`, or those since the `to_date` period began. `filters` are SQL with Jinja.
    """

    name: str
    label: str
    description: str
    kind: str
    measure: str | None = None
    inputs: tuple[Input, ...] = ()
    expr: str | None = None
    window: Offset | None = None
    to_date: str | None = None
    filters: tuple[str, ...] = ()
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Definitions:
    """All models and metrics, by name."""

    models: dict[str, SemanticModel]
    metrics: dict[str, Metric]

    @cached_property
    def measures(self) -> dict[str, tuple[SemanticModel, Measure]]:
        """Return each measure with the model that has it."""
        return {name: (model, one) for model in self.models.values() for name, one in model.measures.items()}

    def without_marts(self) -> "Definitions":
        """Return the definitions on facts and dimensions alone."""
        models = {name: replace(model, rollups=()) for name, model in self.models.items()}
        return replace(self, models=models)

    def owners(self, entity: str) -> Iterator[SemanticModel]:
        """Yield the models that have one row for each value of the entity."""
        yield from (model for model in self.models.values() if model.key == entity)

    def leaves(self, metric: str) -> set[str]:
        """Return the names of the measures from which the metric is computed."""
        found = self.metrics[metric]
        below = (self.leaves(one.metric) for one in found.inputs)
        return ({found.measure} if found.measure else set()).union(*below)
