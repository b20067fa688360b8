"""Tasks in somebody else's process, whose environment has libpq's variables: texts arrive as they are."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import pytest

from include import tasks
from include.connections import postgres
from include.errors import InputError, TransientError, UnexpectedError
from tests.conftest import Platform
from tests.integration.embedded.test_variables_of_the_shell import FOREIGN

USERS = """user_id,age,country,subscription_type,registration_date,total_watch_time_hours
U0,20,Curaçao,Básico,2022-10-01,50.5
"""
SESSIONS = """session_id,user_id,content_id,watch_date,watch_duration_minutes,completion_percentage,\
device_type,quality_level
S1,U0,M1,2024-08-30,50.5,90,Télévision,HD
"""
CONTENT = '{"movies": [{"content_id": "M1", "title": "Çédille 日本"}], "series": []}'


@pytest.fixture
def context(platform: Platform, dag_environment: Callable, tmp_path: Path, monkeypatch) -> dict:
    """The context of a run with files that are not ASCII, in an environment full of variables."""
    dag_environment(platform.env)
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    files = {"users.csv": USERS, "viewing_sessions.csv": SESSIONS, "content.json": CONTENT}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    dag_run = SimpleNamespace(run_after=datetime(2024, 9, 1, tzinfo=UTC), conf={})
    return {"run_id": "manual__1", "params": {"data_dir": f" {tmp_path} "}, "dag_run": dag_run}


def test_texts_arrive_as_they_are(context: dict, platform: Platform) -> None:
    files = tasks.generate_source_files(**context)
    tasks.create_postgres_tables(**context)
    tasks.create_mongodb_collections(**context)
    tasks.load_csvs_to_postgres(files, **context)
    tasks.load_json_to_mongodb(files, **context)
    for table in ("users", "viewing_sessions"):
        tasks.load_postgres_table(table, **context)
    tasks.load_mongo_collection("content", **context)
    raw = platform.query(
        "elt_loader",
        "select country, subscription_type, device_type, title from raw.postgres_users"
        " cross join raw.postgres_viewing_sessions cross join raw.mongo_movies",
    )
    assert raw == [("Curaçao", "Básico", "Télévision", "Çédille 日本")]
    assert platform.query("elt_reader", "select country from users") == [("Curaçao",)]


def test_error_of_a_driver_is_a_sentence_with_the_task(context: dict, platform: Platform) -> None:
    tasks.create_postgres_tables(**context)
    platform.query("elt_loader", "alter table ops.watermarks rename column watermark to moved")
    with pytest.raises(UnexpectedError) as raised:
        tasks.load_postgres_table(table="users", **context)
    said = str(raised.value)
    assert said.startswith(
        "load_postgres_table users: PostgreSQL does not know or does not take what was asked"
    )
    assert 'UndefinedColumn: column "watermark" does not exist' in said


def test_server_that_is_away_and_a_wrong_login_are_told_apart(context, platform, monkeypatch) -> None:
    place = f"@127.0.0.1:{platform.env['SOURCE_PORT']}/{platform.env['SOURCE_DB']}"
    monkeypatch.setenv("AIRFLOW_CONN_SOURCE_POSTGRES", f"postgresql://elt_reader:wrong{place}")
    with pytest.raises(InputError, match="cannot log in") as refused, postgres("source_postgres"):
        pass
    monkeypatch.setenv("AIRFLOW_CONN_SOURCE_POSTGRES", "postgresql://elt_reader:x@127.0.0.1:1/x")
    with pytest.raises(TransientError, match="cannot log in") as away, postgres("source_postgres"):
        pass
    # Also the driver's own, for who catches that.
    for raised in (refused, away):
        assert isinstance(raised.value, psycopg2.OperationalError)
