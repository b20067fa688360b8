"""`make discover` opens its source by Airflow's connections, prints YAML only, and says what is wrong."""

import json
import os
from unittest import mock

import pytest

from cli import CommandError, sources
from cli.discover import print_proposal
from include.declarations import read_sources
from include.errors import InputError


@pytest.fixture
def place(platform, monkeypatch, tmp_path):
    """Sources that exist, with some settings changed."""

    def place(**changed):
        env = platform.env | {"SOURCES": "existing"} | changed
        there = {name: value for name, value in env.items() if not name.startswith("AIRFLOW_DB_")}
        monkeypatch.setattr(sources, "settings", lambda: there)

    monkeypatch.setattr(sources, "SECRETS", tmp_path / "no-secrets")
    with mock.patch.dict(os.environ, clear=False):
        yield place


@pytest.mark.parametrize(
    ("source", "names"), [("pg", ["users_public", "viewing_sessions_public"]), ("docs", ["titles"])]
)
def test_what_is_printed_can_be_declared(platform, place, tmp_path, capsys, source, names):
    platform.mongo("app").titles.insert_one({"_id": "T1", "title": "One"})
    platform.mongo("app").drop_collection("content")
    place(AIRFLOW_CONN_PG=_connection(platform, "SOURCE"), AIRFLOW_CONN_DOCS=_connection(platform, "MONGO"))
    print_proposal(source)
    (tmp_path / "sources.yml").write_text(capsys.readouterr().out)
    found = read_sources(tmp_path / "sources.yml")
    assert [(entry.name, entry.server) for entry in found] == [(name, source) for name in names]


def _connection(platform, server: str) -> str:
    env = platform.env
    return json.dumps(
        {
            "conn_type": {"SOURCE": "postgres", "MONGO": "mongo"}[server],
            "host": env[f"{server}_HOST"],
            "port": int(env[f"{server}_PORT"]),
            "schema": env[f"{server}_DB"],
            "login": "elt_reader",
            "password": env[f"{server}_READER_PASSWORD"],
            "extra": {"authSource": env["MONGO_DB"], "directConnection": True} if server == "MONGO" else {},
        }
    )


def test_unknown_connection_is_a_sentence(place):
    place()
    with pytest.raises(InputError, match=r"There is no connection nosuch.*AIRFLOW_CONN_NOSUCH"):
        print_proposal("nosuch")


def test_connection_of_another_kind_is_a_sentence(place):
    place(AIRFLOW_CONN_MAIL="smtp://mail.test")
    with pytest.raises(InputError, match="mail is of type smtp"):
        print_proposal("mail")


@pytest.mark.parametrize(
    ("source", "changed"),
    [("source_postgres", {"SOURCE_PORT": "1"}), ("source_postgres", {"SOURCE_READER_PASSWORD": "wrong"})],
)
def test_server_that_cannot_be_entered_is_a_sentence(place, source, changed):
    place(**changed)
    with pytest.raises(CommandError, match=r"source_postgres: cannot log in to .* are right"):
        print_proposal(source)
