"""Where a field of a question is found: in the table that is asked, or in one that it points to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.metrics.definitions import (
    COARSER,
    GRAINS,
    Definitions,
    Dimension,
    Measure,
    Rollup,
    SemanticModel,
)

# A dimension in a filter of dbt's YAML: its entity, and its name.
FILTER_FIELD = re.compile(r"\{\{\s*Dimension\('(\w+?)__(\w+)'\)\s*\}\}")


@dataclass(frozen=True)
class Source:
    """A table or mart that a part of an answer is read from; names stand for their SQL.

    `time` is its date, each the first day of a `grain`. `where` tells which rows are read.
    """

    name: str
    table: str
    dimensions: Mapping[str, str]
    entities: Mapping[str, str]
    values: Mapping[str, str]
    time: str | None
    grain: str | None
    where: str | None = None


def source_of(model: SemanticModel, measure: Measure) -> Source:
    """Return the model's own table, dated by the measure's date."""
    dated = model.dimensions.get(measure.time)
    return Source(
        model.name,
        model.table,
        {one.name: one.sql for one in model.dimensions.values() if one.grain is None},
        model.entities,
        {one.name: one.sql for one in model.measures.values()},
        dated.sql if dated else None,
        dated.grain if dated else None,
    )


def source_of_rollup(rollup: Rollup) -> Source:
    """Return the mart as a source."""
    values = rollup.sums | rollup.counts
    return Source(
        rollup.table,
        rollup.table,
        rollup.dimensions,
        rollup.entities,
        values,
        rollup.time,
        rollup.grain,
        rollup.where,
    )


def fields_of(definitions: Definitions, model: SemanticModel, measure: Measure) -> set[str]:
    """Return all fields by which the measure can be asked."""
    return reachable(definitions, source_of(model, measure))


def reachable(definitions: Definitions, source: Source) -> set[str]:
    """Return the fields of the source and of the tables that it points to."""
    found = {*source.dimensions, *COARSER.get(source.grain, ())}
    for entity in source.entities:
        for owner in definitions.owners(entity):
            found |= {one.name for one in categories(owner)}
    return found


def owner_of(definitions: Definitions, source: Source, dimension: str) -> tuple[str, SemanticModel] | None:
    """Return entity and table through which the source finds the dimension; None for one of its own."""
    if dimension in source.dimensions:
        return None
    return next(
        (entity, owner)
        for entity in source.entities
        for owner in definitions.owners(entity)
        if dimension in {one.name for one in categories(owner)}
    )


def shared_dimensions(definitions: Definitions, model: SemanticModel) -> dict[str, SemanticModel]:
    """Return the model's dimensions that a table has as well which others point to, and it does not."""
    pointed_to = {
        owner.name: owner
        for other in definitions.models.values()
        for entity in other.entities
        for owner in definitions.owners(entity)
        if owner is not other and entity not in model.entities
    }
    return {
        one.name: owner
        for one in categories(model)
        for owner in pointed_to.values()
        if one.name in {theirs.name for theirs in categories(owner)}
    }


def filter_fields(text: str) -> list[str]:
    """Return the names of the dimensions in a filter."""
    return [name for _, name in FILTER_FIELD.findall(text)]


def all_fields(definitions: Definitions) -> set[str]:
    """Return the fields that a question may name, of whichever metric."""
    return {*GRAINS, *(one.name for model in definitions.models.values() for one in categories(model))}


def categories(model: SemanticModel) -> list[Dimension]:
    """Return the model's dimensions that are fields; a date of it is asked by day, month and so on."""
    return [one for one in model.dimensions.values() if one.grain is None]
