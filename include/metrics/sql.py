"""Compile a question to one query, and ask it.

Metrics -> aggregates (atoms) -> parts: those of one table or mart, over the same days -> one subquery each ->
joined on what the question is asked by. Values of people are parameters, never text of the query.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from psycopg2.extensions import cursor as Cursor

from include.metrics.atoms import Atom, Expressions
from include.metrics.checks import check, grain_of
from include.metrics.definitions import Definitions
from include.metrics.parts import Part
from include.metrics.questions import Question
from include.metrics.rollups import sources

COMMA = ",\n"


@dataclass(frozen=True)
class Query:
    """SQL with the values of its `%(name)s`, and the tables and marts that it takes its numbers from."""

    sql: str
    parameters: dict[str, object]
    tables: tuple[str, ...]


def ask(
    cursor: Cursor, definitions: Definitions, question: Question, schema: str = "trusted"
) -> list[dict[str, object]]:
    """Return the answer's rows, in the order of `by`, with a value of each field and metric.

    Groups in which nothing was counted are left out. Raises MetricError as `check` does.
    """
    return fetch(cursor, compile_question(definitions, question, schema))


def fetch(cursor: Cursor, query: Query) -> list[dict[str, object]]:
    """Return the rows of the query, with a value of each column."""
    cursor.execute(query.sql, query.parameters)
    names = [name for name, *_ in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def compile_question(definitions: Definitions, question: Question, schema: str = "trusted") -> Query:
    """Return the query; its columns are `by`, then the metrics. Raises MetricError as `check` does."""
    check(definitions, question)
    asked = question
    question = _with_its_period(definitions, question)
    expressions = Expressions(definitions)
    metrics = {name: expressions.of(definitions.metrics[name]) for name in question.metrics}
    parts = [
        Part(definitions, question, schema, source, {atom: expressions.names[atom] for atom in atoms})
        for source, atoms in _sources(definitions, question, list(expressions.names))
    ]
    ctes = [f"part_{number} as (\n{part.sql()}\n)" for number, part in enumerate(parts, start=1)]
    keys = list(question.by)
    columns = [*asked.by, *(f"{sql} as {name}" for name, sql in metrics.items())]
    selected = ",".join(f"\n    {column}" for column in columns)
    lines = [
        f"with {COMMA.join([*ctes, *_united(parts, question.by)])}",
        f"select{selected}",
        f"from {_answers(parts, question.by)}",
    ]
    if keys:
        something = " or ".join(f"{name} != 0" for name in expressions.names.values())
        lines += [f"where ({something}) and coalesce({', '.join(metrics.values())}) is not null"]
        lines += [f"order by {', '.join(keys)}"]
    parameters = {name: value for part in parts for name, value in part.parameters.items()}
    tables = dict.fromkeys(part.source.table for part in parts)
    return Query("\n".join(lines), parameters, tuple(tables))


def _with_its_period(definitions: Definitions, question: Question) -> Question:
    """Return the question by the period that a metric is a number of, also where a condition names one."""
    grains = filter(None, (grain_of(definitions, definitions.metrics[name]) for name in question.metrics))
    grain = next(grains, None)
    if grain is None or question.grains:
        return question
    return replace(question, by=(*question.by, grain))


def _sources(definitions: Definitions, question: Question, atoms: list[Atom]) -> Iterator[tuple]:
    """Yield each source with its atoms; those of one source have the same date and shift."""
    groups = defaultdict(list)
    for atom in atoms:
        model, measure = definitions.measures[atom.measure]
        groups[model.name, measure.time, measure.is_last, atom.shift].append(atom)
    for (model, *_), group in groups.items():
        yield from sources(definitions, question, definitions.models[model], group)


def _united(parts: list[Part], by: tuple[str, ...]) -> list[str]:
    """Return the subquery of several parts: a group may be in any of them, also one without a name."""
    if not by or len(parts) == 1:
        return []
    keys = ", ".join(by)
    values = {name: f"cast(null as {kind})" for part in parts for name, kind in part.types().items()}
    rows = [
        f"        select {', '.join([keys, *_columns(values, part)])} from part_{number}"
        for number, part in enumerate(parts, start=1)
    ]
    united = "\n        union all\n".join(rows)
    largest = ", ".join(f"max({name}) as {name}" for name in values)
    inner = f"    from (\n{united}\n    ) as united"
    lines = ["parts as (", f"    select {keys}, {largest}", inner, f"    group by {keys}", ")"]
    return ["\n".join(lines)]


def _columns(values: dict[str, str], part: Part) -> list[str]:
    """Return the part's values, and nothing under the names of the others."""
    return [name if name in part.types() else f"{nothing} as {name}" for name, nothing in values.items()]


def _answers(parts: list[Part], by: tuple[str, ...]) -> str:
    if by:
        return "parts" if len(parts) > 1 else "part_1"
    return "\ncross join ".join(f"part_{number}" for number in range(1, len(parts) + 1))
