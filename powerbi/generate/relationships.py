"""Which tables of the star point to which: by the definitions' entities, then by dbt's foreign keys."""

from collections.abc import Iterator

from include.manifest import Table
from include.metrics.dax_names import Names, title
from include.metrics.definitions import CALENDAR, Definitions, SemanticModel
from powerbi.generate.model import Relationship

NAMES = Names()


def relationships(definitions: Definitions, star: list[Table]) -> tuple[Relationship, ...]:
    """Return one relationship for each two tables, filtering one way, in the order of the tables."""
    found: dict[tuple[str, str], Relationship] = {}
    for one in [*_of_entities(definitions), *_of_keys(definitions, star)]:
        found.setdefault((one.from_table, one.to_table), one)
    return tuple(sorted(found.values(), key=lambda one: (one.from_table, one.to_table)))


def _of_entities(definitions: Definitions) -> Iterator[Relationship]:
    for model in definitions.models.values():
        for entity in model.entities:
            for owner in definitions.owners(entity) if entity != model.key else ():
                yield _between(model.table, model.entities[entity], owner.table, owner.entities[entity])


def _of_keys(definitions: Definitions, star: list[Table]) -> Iterator[Relationship]:
    keys = {table.name: table.key for table in star}
    for table in star:
        dates = [model for model in definitions.models.values() if model.table == table.name]
        # A table with two dates is filtered by that of its measures.
        columns = sorted(table.points_to, key=lambda column: not any(_dates(one, column) for one in dates))
        for column in columns:
            target = table.points_to[column]
            is_date = target == CALENDAR and table.types[column] == "date"
            yield _between(table.name, column, target, "date" if is_date else keys[target][0])


def _dates(model: SemanticModel, column: str) -> bool:
    times = {one.time for one in model.measures.values() if one.time}
    return any(model.dimensions[time].sql == column for time in times)


def _between(table: str, column: str, target: str, key: str) -> Relationship:
    return Relationship(NAMES.table(table), title(column), NAMES.table(target), title(key))
