"""A part of an answer: one grouped query of one table or mart, joined with what its fields are found in."""

from dataclasses import dataclass, field
from datetime import date

from include.metrics.atoms import Atom, Shift
from include.metrics.definitions import CALENDAR, GRAINS, Definitions, Measure
from include.metrics.fields import FILTER_FIELD, Source, filter_fields, owner_of
from include.metrics.periods import first_day, moved
from include.metrics.questions import Condition, Question

COUNTS = {"count", "count_distinct", "sum_boolean"}
AGGREGATES = {
    "sum": "sum({})",
    "average": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "sum_boolean": "sum(case when {} then 1 else 0 end)",
    "median": "percentile_cont(0.5) within group (order by {})",
}
TYPES = {"percentile": "double precision", "median": "double precision"}
# A period is its days from the first on, before the first of the next.
RANGES = {
    "=": "{day} >= {first} and {day} < {next}",
    "!=": "not ({day} >= {first} and {day} < {next})",
    ">=": "{day} >= {first}",
    ">": "{day} >= {next}",
    "<": "{day} < {first}",
    "<=": "{day} < {next}",
}


@dataclass
class Part:
    """The aggregates of one source, with their names; `parameters` is filled by `sql`."""

    definitions: Definitions
    question: Question
    schema: str
    source: Source
    atoms: dict[Atom, str]
    parameters: dict[str, object] = field(default_factory=dict)

    def sql(self) -> str:
        """Return the part's query; its columns are those of `by`, and the names of the atoms."""
        keys = [f"{self._key(name)} as {name}" for name in self.question.by]
        values = [f"{self._aggregate(atom)} as {name}" for atom, name in self.atoms.items()]
        columns = ",".join(f"\n        {sql}" for sql in [*keys, *values])
        lines = [f"    select{columns}", f"    from {self._from()}"]
        lines += [f"    {join}" for join in self._joins()]
        if conditions := self._conditions():
            lines.append(f"    where {' and '.join(conditions)}")
        if keys:
            lines.append(f"    group by {', '.join(str(n) for n in range(1, len(keys) + 1))}")
        return "\n".join(lines)

    def types(self) -> dict[str, str]:
        """Return the names of the aggregates with their types."""
        aggs = {name: self._measure(atom).agg for atom, name in self.atoms.items()}
        return {name: "bigint" if agg in COUNTS else TYPES.get(agg, "numeric") for name, agg in aggs.items()}

    @property
    def _shift(self) -> Shift:
        return next(iter(self.atoms)).shift

    @property
    def _day(self) -> str:
        """The date that a row counts for."""
        return "spine.day" if self._shift.is_running else f"{self.source.name}.day"

    def _measure(self, atom: Atom) -> Measure:
        return self.definitions.measures[atom.measure][1]

    def _key(self, name: str) -> str:
        if name not in GRAINS:
            return self._column(name)
        if offset := self._shift.offset:
            moved_on = f"date_trunc('{name}', {self._day}) + interval '{offset.count} {offset.grain}'"
            return f"cast({moved_on} as date)"
        return _start(name, self._day)

    def _column(self, dimension: str) -> str:
        found = owner_of(self.definitions, self.source, dimension)
        return f"{found[1].name if found else self.source.name}.{dimension}"

    def _aggregate(self, atom: Atom) -> str:
        measure, column = self._measure(atom), f"{self.source.name}.{atom.measure}"
        is_mart = self.source.name not in self.definitions.models
        if measure.agg == "percentile":
            sql = f"percentile_cont({measure.percentile}) within group (order by {column})"
        else:
            sql = AGGREGATES["sum" if is_mart else measure.agg].format(column)
        own = [text for text in atom.filters if text not in self._shared_filters()]
        if own:
            sql += f" filter (where {' and '.join(map(self._filter, own))})"
        return f"cast(coalesce({sql}, 0) as bigint)" if measure.agg in COUNTS else sql

    def _shared_filters(self) -> list[str]:
        first, *others = self.atoms
        return [text for text in first.filters if all(text in other.filters for other in others)]

    def _filter(self, text: str) -> str:
        return FILTER_FIELD.sub(lambda found: self._column(found[2]), text)

    def _from(self) -> str:
        table = self._subquery()
        if not self._shift.is_running:
            return table
        spine = f"(select date as day from {self.schema}.{CALENDAR}) as spine"
        day = f"{self.source.name}.day"
        if window := self._shift.window:
            since = f"{day} > spine.day - interval '{window.count} {window.grain}'"
        else:
            since = f"{day} >= date_trunc('{self._shift.to_date}', spine.day)"
        return f"{spine}\n    inner join {table} on {day} <= spine.day and {since}"

    def _subquery(self) -> str:
        """Return the source's table with the columns that are needed, under the names of the definitions."""
        source = self.source
        columns = {name: source.values[name] for name in dict.fromkeys(atom.measure for atom in self.atoms)}
        columns |= {name: source.dimensions[name] for name in self._dimensions() if name in source.dimensions}
        columns |= {entity: source.entities[entity] for entity, _ in self._owners()}
        if self._is_dated():
            columns["day"] = source.time
        where = f" where {source.where}" if source.where else ""
        table = f"(select {_named(columns)} from {self.schema}.{source.table}{where}) as {source.name}"
        if not self._is_last():
            return table
        grains = ", ".join(_start(name, "day") for name in self.question.grains)
        over = f"partition by {grains}" if grains else ""
        rows = f"select *, max(day) over ({over}) as last_day from {table}{self._where()}"
        return f"({rows}) as {source.name}"

    def _joins(self) -> list[str]:
        joins = []
        for entity, model in self._owners():
            names = [name for name in self._dimensions() if self._column(name) == f"{model.name}.{name}"]
            columns = {entity: model.entities[entity]} | {name: model.dimensions[name].sql for name in names}
            table = f"(select {_named(columns)} from {self.schema}.{model.table}) as {model.name}"
            joins.append(f"left join {table} using ({entity})")
        return joins

    def _owners(self) -> list[tuple]:
        """Return entity and model of each table that must be joined, once each."""
        found = [owner_of(self.definitions, self.source, name) for name in self._dimensions()]
        return list({entity: (entity, model) for entity, model in filter(None, found)}.values())

    def _dimensions(self) -> list[str]:
        """Return the dimensions that the question or a filter names, once each."""
        names = [*self.question.by, *(one.field for one in self.question.where)]
        names += [name for atom in self.atoms for text in atom.filters for name in filter_fields(text)]
        return [name for name in dict.fromkeys(names) if name not in GRAINS]

    def _is_dated(self) -> bool:
        """Tell whether the answer depends on the source's date."""
        return bool(
            self.question.grains or self.question.periods or self._shift != Shift() or self._is_last()
        )

    def _is_last(self) -> bool:
        return any(self._measure(atom).is_last for atom in self.atoms)

    def _where(self) -> str:
        conditions = [self._condition(one) for one in self.question.where]
        return f" where {' and '.join(conditions)}" if conditions else ""

    def _conditions(self) -> list[str]:
        if self._is_last():
            # The conditions were asked before: the last day is one of those that they leave.
            return ["day = last_day", *map(self._filter, self._shared_filters())]
        found = [self._condition(one) for one in self.question.where]
        if self.question.grains:
            found.append(f"{self._day} is not null")
        return found + list(map(self._filter, self._shared_filters()))

    def _condition(self, condition: Condition) -> str:
        if condition.field in GRAINS:
            return self._in_period(condition)
        column = self._column(condition.field)
        values = ", ".join(map(self._parameter, condition.values))
        if condition.operator == "=":
            return f"{column} in ({values})"
        if condition.operator == "!=":
            # What has no value has none of these either; to SQL it would be unknown.
            return f"({column} in ({values})) is not true"
        return f"{column} {condition.operator} {values}"

    def _in_period(self, condition: Condition) -> str:
        grain, texts = condition.field, []
        for value in condition.values:
            first = self._shifted(first_day(grain, value))
            bounds = {"first": self._parameter(first), "next": self._parameter(moved(grain, first, 1))}
            texts.append(RANGES[condition.operator].format(day=self._day, **bounds))
        glue = " or " if condition.operator == "=" else " and "
        return f"({glue.join(texts)})" if len(texts) > 1 else texts[0]

    def _shifted(self, first: date) -> date:
        offset = self._shift.offset
        return moved(offset.grain, first, -offset.count) if offset else first

    def _parameter(self, value: object) -> str:
        name = f"{next(iter(self.atoms.values()))}_{len(self.parameters) + 1}"
        self.parameters[name] = value
        return f"%({name})s"


def _start(grain: str, day: str) -> str:
    return day if grain == "day" else f"cast(date_trunc('{grain}', {day}) as date)"


def _named(columns: dict[str, str]) -> str:
    return ", ".join(sql if sql == name else f"{sql} as {name}" for name, sql in columns.items())
