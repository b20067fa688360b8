"""Runs of the whole DAG on sources that are somebody's own: they are only read, and never seeded."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from pymongo.database import Database

from include.environment import ROOT
from include.generate import ANCHOR, Size, write_files
from include.run import OWN_FILES, Batch, Run
from include.seed import seed_collection, seed_table
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES
from tests.conftest import Platform
from tests.dags.runs import run_without_nodes, states_of

PLAYED_TASKS = {
    "generate_source_files",
    "create_mongodb_collections",
    "load_json_to_mongodb",
    "load_csvs_to_postgres",
}
# What only reads: LOCK takes no more than a query does.
READING = re.compile(
    r"begin.*read only|commit|rollback|savepoint|rollback to savepoint|set local|select|with recursive"
    r"|copy \(select"
    r"|lock table \S+ in access share mode",
    re.IGNORECASE,
)
EVERYTHING = """
select relname, md5(string_agg(attname, ',' order by attnum)), obj_description(pg_class.oid, 'pg_class')
from pg_class inner join pg_attribute on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace group by pg_class.oid, relname
union all
select proname, md5(prosrc), null from pg_proc where pronamespace = 'public'::regnamespace
order by 1
"""


@pytest.fixture
def source(platform: Platform, tmp_path: Path) -> Platform:
    """Let the source hold a day, as if somebody else had brought it there; elt_reader may only read it."""
    write_files(tmp_path, as_of=ANCHOR, seed=42, size=Size(users=40, titles=12, sessions=600))
    run = Run(Batch("theirs", ANCHOR), folder=str(tmp_path), dataset=OWN_FILES)
    app, loader = platform.connect("app"), platform.connect("elt_loader")
    for table in PLAYED_TABLES:
        seed_table(app, loader, table, run)
    for collection in PLAYED_COLLECTIONS:
        seed_collection(platform.mongo("app"), loader, collection, run)
    platform.query("elt_loader", "truncate ops.load_runs")
    app.close()
    return platform


@pytest.fixture
def pipeline(source: Platform, dag_environment):
    """Return the DAG where SOURCES says `existing`, and no password of app is known."""
    env = {name: value for name, value in source.env.items() if not name.endswith("APP_PASSWORD")}
    dag_environment(env | {"SOURCES": "existing"})
    return DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]


def content(source: Platform) -> tuple:
    """Return everything that the sources hold, and their shapes."""
    shapes = source.query("app", EVERYTHING)
    rows = [source.query("app", f"select t::text from {t.table} as t order by 1") for t in PLAYED_TABLES]
    return shapes, rows, documents(source.mongo("app"))


def documents(database: Database) -> dict[str, list]:
    names = sorted(database.list_collection_names())
    return {name: sorted(map(str, database[name].find())) for name in names}


def statements(source: Platform) -> list[str]:
    """Return what elt_reader sent to the source, from the server's own log; it logs no other's."""
    ((folder,),) = source.query("admin", "show data_directory")
    log = Path(folder).with_name("postgres.log").read_text()
    logged = re.findall(r"LOG:  statement: (.*?)(?=\n\S|\Z)", log, re.DOTALL)
    return [statement.strip() for statement in logged]


def test_run_is_green_and_only_reads(pipeline, source, capfd):
    database = source.env["SOURCE_DB"]
    source.query("admin", f"alter role elt_reader in database {database} set log_statement = 'all'")
    before = content(source)
    run = run_without_nodes(pipeline, logical_date=datetime(2024, 9, 2, tzinfo=UTC))
    assert {name for name, state in states_of(run).items() if state == "skipped"} == {
        *PLAYED_TASKS,
        "approve_publication",
        "refresh_power_bi",
    }
    assert str(run.state) == "success"
    assert "SOURCES=existing in .env: the sources are somebody's own" in capfd.readouterr().out
    assert content(source) == before
    sent = statements(source)
    assert any("copy (select" in statement for statement in sent), sent[:5]
    assert [statement for statement in sent if not READING.match(statement)] == []
    sessions = source.query("bi_reader", "select count(*) from trusted.fct_viewing_sessions")
    assert sessions == source.query("app", "select count(*) from viewing_sessions")


def test_files_of_ones_own_are_refused(pipeline, source):
    before = content(source)
    run = run_without_nodes(pipeline, run_conf={"data_dir": "/nowhere"})
    assert str(run.state) == "failed"
    assert content(source) == before
    assert source.query("elt_loader", "select count(*) from ops.load_runs") == [(0,)]


@pytest.mark.parametrize("foreign", ["table", "collection", "seed_state"])
def test_what_others_made_is_not_played_with(source, dag_environment, foreign):
    if foreign == "table":
        source.query("app", "comment on table users is 'Of the shop'; delete from seed_state")
    elif foreign == "seed_state":
        source.query("app", "alter table seed_state add column owner text")
    else:
        source.mongo("app").drop_collection("played_collections")
        source.mongo("app").drop_collection("seed_state")
    before = content(source)
    dag_environment(source.env)
    pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
    run = run_without_nodes(pipeline, logical_date=datetime(2024, 9, 2, tzinfo=UTC))
    assert str(run.state) == "failed"
    # Not even in the system that has nothing foreign.
    assert content(source) == before
