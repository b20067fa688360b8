"""From the star to the visual: what metrics, columns, measures, relationships and visuals are made from.

Names: `trusted.dim_users.country`, `metric active_users`, `Users[Country]`, `[Active users]`,
`Viewing Sessions → Users`, `Users and subscriptions: Active users by country`. The column `*` stands for the
rows of a table.
"""

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from include.lineage.paths import Edges
from include.metrics import Definitions, Question, compile_question
from include.metrics.checks import grain_of
from powerbi.generate.model import Model, Relationship
from powerbi.generate.queries import SCHEMA
from powerbi.generate.report.fields import Field
from powerbi.generate.report.pages import Page

REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'|(\w+))?\[((?:[^\]]|\]\])+)\]")
TEXT = re.compile(r'"(?:[^"]|"")*"')
TABLE = re.compile(r"'((?:[^']|'')+)'")


def lineage(model: Model, definitions: Definitions, pages: list[Page]) -> Edges:
    """Return for each object those that it is directly made from."""
    named = _of_model(model)
    for metric in definitions.metrics.values():
        named[f"[{metric.label}]"] |= {f"metric {metric.name}"}
    return _of_metrics(definitions) | named | _of_visuals(model, named, pages)


def columns_of(sql: str) -> set[str]:
    """Return the columns of the star that a compiled question reads."""
    found = set()
    for table in sqlglot.parse_one(sql, dialect="postgres").find_all(exp.Table):
        if table.db == SCHEMA:
            read = table.find_ancestor(exp.Select)
            found |= {f"{SCHEMA}.{table.name}.{column.name}" for column in read.find_all(exp.Column)}
    return found


def _of_metrics(definitions: Definitions) -> Edges:
    """Return the columns of the star that each metric's SQL reads where no mart helps, as for a measure."""
    on_facts, edges = definitions.without_marts(), {}
    for name, metric in definitions.metrics.items():
        grain = grain_of(definitions, metric)
        question = Question((name,), (grain,) if grain else ())
        edges[f"metric {name}"] = columns_of(compile_question(on_facts, question).sql)
    return edges


def _of_model(model: Model) -> Edges:
    edges: Edges = {}
    for table in model.tables:
        edges[f"{table.name}[*]"] = {f"{SCHEMA}.{table.source}.*"} if table.source else set()
        for column in table.columns:
            name = f"{table.name}[{column.name}]"
            read = {f"{SCHEMA}.{table.source}.{column.source}"} if table.source and column.source else set()
            order = {f"{table.name}[{column.sort_by}]"} if column.sort_by else set()
            edges[name] = read | order | _references(column.dax or "")
        for measure in table.measures:
            read = _tables(measure.dax)
            rows, crossed = {f"{name}[*]" for name in read}, set(_crossed(model, read, read))
            edges[f"[{measure.name}]"] = _references(measure.dax) | rows | crossed
        for name, levels in table.hierarchies.items():
            edges[f"hierarchy {table.name}: {name}"] = {f"{table.name}[{level}]" for level in levels}
    for one in model.relationships:
        edges[_name(one)] = {f"{one.from_table}[{one.from_column}]", f"{one.to_table}[{one.to_column}]"}
    for role in model.roles:
        edges[f"role {role.name}"] = {ref for dax in role.filters.values() for ref in _references(dax)}
    return edges


def _of_visuals(model: Model, edges: Edges, pages: list[Page]) -> Edges:
    return {
        f"{page.title}: {visual.title}": _of_visual(model, edges, visual.fields)
        for page in pages
        for visual, _ in page.visuals
        if visual.data
    }


def _of_visual(model: Model, edges: Edges, fields: list[Field]) -> set[str]:
    """Return the fields, and the relationships by which its columns filter its measures."""
    measures = {f"[{one.name}]" for one in fields if one.is_measure}
    columns = {f"{one.table}[{one.name}]" for one in fields if not one.is_measure}
    tables = {one.table for one in fields if not one.is_measure}
    crossed = {name for one in measures for name in _crossed(model, _tables_below(edges, one), tables)}
    return measures | columns | crossed


def _tables_below(edges: Edges, name: str) -> set[str]:
    """Return the tables of the columns and rows that a measure reads, also by other measures."""
    found = {one.removesuffix("[*]") for one in edges[name] if one.endswith("[*]")}
    return found.union(*(_tables_below(edges, one) for one in edges[name] if one.startswith("[")))


def _crossed(model: Model, filtered: set[str], filtering: set[str]) -> Iterator[str]:
    """Yield the relationships by which tables filter others."""
    for one in model.relationships:
        if one.from_table in filtered and one.to_table in filtering:
            yield _name(one)


def _name(one: Relationship) -> str:
    return f"{one.from_table} → {one.to_table}"


def _references(dax: str) -> set[str]:
    """Return the columns and measures that an expression names."""
    found = REFERENCE.findall(TEXT.sub("", dax))
    return {f"{quoted or plain}[{name.replace(']]', ']')}]" for quoted, plain, name in found}


def _tables(dax: str) -> set[str]:
    return set(TABLE.findall(TEXT.sub("", dax)))
