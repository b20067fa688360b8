"""A column of the star under another name: the lineage lists what breaks, all of it and nothing else.

PostgreSQL judges metrics and charts: with the column renamed their SQL is explained or refused. The reader of
TMDL judges the model: what names the column, or names what names it, is broken as well.
"""

from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from cli.powerbi import FOLDER
from dashboard.pages import PAGES, TIME, Chart
from include.lineage import Edges, downstream
from include.metrics import Definitions, Question, compile_question
from include.metrics.checks import grain_of
from include.metrics.definitions import CALENDAR
from powerbi.generate.lineage import lineage
from powerbi.generate.model import Model, Table
from powerbi.generate.project import MODEL
from powerbi.generate.report import shown
from powerbi.generate.report.pages import DAILY, Page
from tests.powerbi import dax, tmdl
from tests.powerbi.nodes import Model as ReadModel

PERIODS = {TIME: "month"}


@pytest.fixture(scope="module")
def pages(model: Model, definitions: Definitions) -> list[Page]:
    return shown(model, definitions)


@pytest.fixture(scope="module")
def edges(model: Model, definitions: Definitions, pages: list[Page]) -> Edges:
    return lineage(model, definitions, pages)


@pytest.fixture(scope="module")
def read() -> ReadModel:
    """The model as it is read from the committed files, which are the generated ones (tests/powerbi)."""
    return tmdl.read(FOLDER / MODEL / "definition")


def test_what_breaks_with_a_column_is_what_the_lineage_lists(
    small_star, without_marts, definitions, model, pages, edges, read
):
    queries = {
        **{f"metric {name}": _sql(without_marts, name) for name in definitions.metrics},
        **{name: sql for page in pages for name, sql in _charts(without_marts, page)},
    }
    looked_at, wrong = 0, []
    owner = small_star.connect("dbt_transformer")
    for table in _tables(model, definitions):
        for column in table.columns:
            if column.source is None:
                continue
            star = f"trusted.{table.source}.{column.source}"
            refused = _refused(owner, table.source, column.source, queries)
            broken = _broken(definitions, read, pages, f"{table.name}[{column.name}]", refused)
            listed = downstream(edges, star)
            wrong += [(star, sorted(broken - listed), sorted(listed - broken))] if broken != listed else []
            looked_at += 1
    owner.close()
    assert wrong == []
    assert looked_at > 50


def _tables(model: Model, definitions: Definitions) -> Iterator[Table]:
    """Yield the tables of metrics, but not the calendar, which SQL does without."""
    used = {one.table for one in definitions.models.values()} - {CALENDAR}
    yield from (table for table in model.tables if table.source in used)


def _sql(definitions: Definitions, name: str) -> str:
    grain = grain_of(definitions, definitions.metrics[name])
    return compile_question(definitions, Question((name,), (grain,) if grain else ())).sql


def _charts(definitions: Definitions, page: Page) -> Iterator[tuple[str, str]]:
    """Yield the charts of a page as the report calls them, with the SQL of their numbers."""
    charts: dict[str, Chart] = {one.name: one for p in PAGES if p.name == page.name for one in p.charts}
    charts |= {DAILY.name: DAILY} if not charts else {}
    for visual, _ in page.visuals:
        if chart := charts.get(visual.name):
            by = tuple(PERIODS.get(name, name) for name in chart.by)
            question = Question(chart.metrics, by)
            yield f"{page.title}: {visual.title}", compile_question(definitions, question).sql


def _refused(connection: Connection, table: str, column: str, queries: dict[str, str]) -> set[str]:
    """Return the queries that PostgreSQL refuses while the column has another name."""
    refused = set()
    with connection.cursor() as cursor:
        kind = "view" if table == "fct_viewing_sessions_by_genre" else "table"
        # Not for ever, should a reader of another test hold the table.
        cursor.execute("set lock_timeout = '30s'")
        cursor.execute(f"alter {kind} trusted.{table} rename column {column} to renamed")
        for name, sql in queries.items():
            cursor.execute("savepoint asked")
            try:
                cursor.execute(f"explain {sql}")
            except psycopg2.errors.UndefinedColumn:
                refused.add(name)
                cursor.execute("rollback to savepoint asked")
    connection.rollback()
    return refused


def _broken(
    definitions: Definitions, read: ReadModel, pages: list[Page], column: str, refused: set[str]
) -> set[str]:
    """Return all that is broken: the column, what is refused, and what names something broken."""
    shows = {f"metric {name}": f"[{one.label}]" for name, one in definitions.metrics.items()}
    broken = {column, *refused, *(shows[name] for name in refused if name in shows)}
    named = {**_named_in_model(read), **_named_in_report(pages)}
    while found := {name for name, names in named.items() if names & broken} - broken:
        broken |= found
    return broken


def _named_in_model(read: ReadModel) -> dict[str, set[str]]:
    """Return what each object of the model names."""
    named: dict[str, set[str]] = {}
    for node, _, text in dax.expressions(read):
        label = f"[{node.name}]" if node.kind == "measure" else node.label
        label = f"role {node.parent.name}" if node.kind == "tablePermission" else label
        found = {f"{one.table}[{one.name}]" for one in dax.references(text) if one.name}
        named.setdefault(label, set()).update(found)
    for table in read.tables():
        for one in read.columns(table):
            if order := one.properties.get("sortByColumn"):
                named.setdefault(one.label, set()).add(f"{table.name}[{order}]")
        for one in table.of("hierarchy"):
            levels = {f"{table.name}[{level.properties['column']}]" for level in one.of("level")}
            named[f"hierarchy {table.name}: {one.name}"] = levels
    for one in read.relationships():
        (start, end) = one.ends()
        named[f"{start[0]} → {end[0]}"] = {"{}[{}]".format(*start), "{}[{}]".format(*end)}
    return named


def _named_in_report(pages: list[Page]) -> dict[str, set[str]]:
    """Return the fields that each visual names."""
    return {
        f"{page.title}: {visual.title}": {
            f"[{one.name}]" if one.is_measure else f"{one.table}[{one.name}]" for one in visual.fields
        }
        for page in pages
        for visual, _ in page.visuals
    }
