"""The environment in which connections to the sources open: where it comes from, and what it starts."""

import os
from contextlib import contextmanager
from unittest import mock

import psycopg2
import pytest
from pymongo.errors import ServerSelectionTimeoutError

from cli import CommandError, sources
from cli.discover import print_proposal
from cli.sources import known_sources, source_environment

OWN = {"AIRFLOW_CONN_CRM": "postgres://me@crm.test/crm"}


@pytest.fixture
def place(env, monkeypatch, tmp_path):
    """A place without a container or a demo; return what it does with settings, and what it started."""
    started = []

    @contextmanager
    def databases(home):
        started.append(home)
        yield env | {"SOURCE_HOST": "embedded.test"}

    def place(**changed):
        there = {name: value for name, value in (env | changed).items() if not name.startswith("AIRFLOW_DB_")}
        monkeypatch.setattr(sources, "settings", lambda: there)
        return started

    monkeypatch.setattr(sources, "LOCAL", tmp_path)
    monkeypatch.setattr(sources, "SECRETS", tmp_path / "no-secrets")
    monkeypatch.setattr("include.embedded.databases", databases)
    with mock.patch.dict(os.environ, clear=False):
        yield place


def test_existing_sources_need_no_server_here(place):
    started = place(SOURCES="existing")
    with source_environment() as env:
        assert "source.test" in os.environ["AIRFLOW_CONN_SOURCE_POSTGRES"]
        assert os.environ["AIRFLOW_HOME"]
        assert env["SOURCE_HOST"] == "source.test"
    assert started == []


def test_played_sources_are_the_embedded_servers(place, tmp_path):
    started = place(SOURCES="played")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").touch()
    with source_environment():
        assert "embedded.test" in os.environ["AIRFLOW_CONN_SOURCE_POSTGRES"]
        # A connection may be in Airflow's own database too.
        assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ
    assert started == [tmp_path]


def test_nothing_played_yet_is_said(place):
    place()
    with pytest.raises(CommandError, match="run `make demo` first"), source_environment():
        pass


def test_connection_of_ones_own_needs_no_demo(place):
    started = place(**OWN)
    with source_environment("crm"):
        assert os.environ["AIRFLOW_CONN_CRM"] == OWN["AIRFLOW_CONN_CRM"]
    with pytest.raises(CommandError, match="make demo"), source_environment("source_postgres"):
        pass
    assert started == []


@pytest.mark.parametrize("error", [psycopg2.OperationalError, ServerSelectionTimeoutError])
def test_what_a_driver_says_is_said_without_a_traceback(place, error):
    place(SOURCES="existing")
    with pytest.raises(CommandError, match=r"^no such host$"), source_environment():
        raise error("no such host\n")


def test_known_are_the_declared_servers_and_those_of_env(env):
    own = OWN | {"AIRFLOW_CONN_WAREHOUSE": "postgres://x", "AIRFLOW_CONN_SOURCE_MONGO": "mongo://x"}
    assert known_sources(env) == ["source_mongo", "source_postgres"]
    assert known_sources(env | own) == ["crm", "source_mongo", "source_postgres"]


def test_discover_without_a_source_lists_which_there_are(env, monkeypatch):
    monkeypatch.setattr("cli.discover.settings", lambda: env | OWN)
    with pytest.raises(
        CommandError, match=r"SOURCE=<id of a connection>.*crm, source_mongo, source_postgres\."
    ):
        print_proposal("")
