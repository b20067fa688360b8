"""Power BI in DirectQuery while stars are published: each answer is that of one star, and none is an error.

The session is like that of Power BI's driver, Npgsql: the extended protocol, statements that stay prepared,
values in binary, each statement a transaction of its own, and questions about the schema in between.
"""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.star import FOLDER, QUERY
from dashboard.pages import PAGES, TIME
from include.metrics import Definitions, Question, compile_question
from include.publish import rollback
from powerbi.generate.model import Model, Table
from tests.conftest import Platform, new_platform
from tests.metrics.stars import MODELS_ONLY, build_small_star
from tests.pipeline import dbt_build

PUBLICATIONS, READERS = 20, 3
SCHEMA_QUERIES = (
    "select table_schema, table_name, table_type from information_schema.tables"
    " where table_schema = 'trusted' order by table_schema, table_name",
    "select table_name, column_name, ordinal_position, data_type from information_schema.columns"
    " where table_schema = 'trusted' order by table_name, ordinal_position",
)
# A third of the sessions vanish, and another plan appears: every table of the next star differs.
CHANGE = """
update raw.postgres_viewing_sessions set _deleted_at = _loaded_at, _loaded_at = now()
where right(session_id, 1) < '3';
update raw.postgres_users set subscription_type = 'Family', _loaded_at = now() where right(user_id, 1) = '7'
"""


class Session(threading.Thread):
    """A reader's session: asks the queries in any order until it is told to stop, and keeps the answers."""

    def __init__(self, platform: Platform, queries: dict[str, str], seed: int) -> None:
        super().__init__(daemon=True)
        self.connection = connection(platform)
        self.queries, self.random = queries, random.Random(seed)
        self.answers: list[tuple[str, list]] = []
        self.errors: list[psycopg.Error] = []
        self.ends = threading.Event()

    def run(self) -> None:
        while not self.ends.is_set():
            for name in self.random.sample(sorted(self.queries), len(self.queries)):
                try:
                    self.answers.append((name, answer(self.connection, self.queries[name])))
                except psycopg.Error as error:
                    self.errors.append(error)


def connection(platform: Platform) -> psycopg.Connection:
    env = platform.env
    return psycopg.connect(
        host=env["WAREHOUSE_HOST"],
        port=env["WAREHOUSE_PORT"],
        dbname=env["WAREHOUSE_DB"],
        user="bi_reader",
        password=env["BI_READER_PASSWORD"],
        autocommit=True,
        # Every statement is prepared when it is first asked, and stays so.
        prepare_threshold=0,
    )


def answer(session: psycopg.Connection, sql: str) -> list:
    return sorted(session.execute(sql, binary=True).fetchall(), key=repr)


def queries_of(definitions: Definitions, model: Model) -> dict[str, str]:
    """Return the queries of the benchmark, of the report's measures, of an import, and of the schema."""
    benchmark = QUERY.findall((FOLDER / "directquery.sql").read_text())
    found = {f"benchmark: {name}": sql for name, sql in benchmark}
    for page in PAGES:
        asked = {name: ((name,), ()) for name in page.cards}
        asked |= {
            chart.name: (chart.metrics, tuple("month" if one == TIME else one for one in chart.by))
            for chart in page.charts
        }
        for name, (metrics, by) in asked.items():
            by = by or (("month",) if name == "churn_rate" else ())
            found[f"{page.name}: {name}"] = compile_question(definitions, Question(metrics, by)).sql
    # data_freshness and data_events tell of the warehouse as it is now, in whichever star they are read.
    of_star = (one for one in model.tables if one.source and not one.source.startswith("data_"))
    found |= {f"import: {one.name}": _import(one) for one in of_star}
    return found | {f"schema {number}": sql for number, sql in enumerate(SCHEMA_QUERIES)}


def _import(table: Table) -> str:
    columns = ", ".join(f'"_"."{one.source}"' for one in table.columns if one.source)
    return f'select {columns} from "trusted"."{table.source}" "_"'


@pytest.fixture
def platform(servers: dict[str, str], tmp_path: Path) -> Iterator[Platform]:
    made = new_platform(servers)
    build_small_star(made, tmp_path)
    yield made
    made.close()


def test_a_session_meets_no_error_and_no_mixed_star_while_stars_are_published(
    platform, definitions, model, tmp_path
):
    queries = queries_of(definitions, model)
    assert len(queries) >= 50
    with connection(platform) as reader:
        first = {name: answer(reader, sql) for name, sql in queries.items()}
        platform.query("elt_loader", CHANGE)
        dbt_build(platform, tmp_path / "dbt", *MODELS_ONLY)
        second = {name: answer(reader, sql) for name, sql in queries.items()}
    differing = {name for name in queries if first[name] != second[name]}
    assert len(differing) > 40

    sessions = [Session(platform, queries, seed) for seed in range(READERS)]
    for session in sessions:
        session.start()
    transformer = platform.connect("dbt_transformer")
    for _ in range(PUBLICATIONS):
        rollback(transformer)
    for session in sessions:
        session.ends.set()
        session.join(120)
        session.connection.close()
    assert [session.errors for session in sessions] == [[]] * READERS
    answers = [one for session in sessions for one in session.answers]
    assert [name for name, rows in answers if rows not in (first[name], second[name])] == []
    assert {rows == first[name] for name, rows in answers if name in differing} == {True, False}
    assert len(answers) >= READERS * len(queries)
