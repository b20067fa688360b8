"""Connections to PostgreSQL: who opens them, what they say, and that no variable changes it."""

import ast
import logging
import os
import re
from pathlib import Path

import psycopg2
import pytest
import yaml

from include import libpq
from include.dbt import build_command
from include.environment import ROOT, read_env
from include.inherited import inherited
from include.libpq import connect, is_wrong_login

FOLDERS = ("include", "cli", "dags", "dashboard", "powerbi", "tests", "benchmarks")
# Reads as Power BI does, by a driver that is not the platform's.
READER = "tests/metrics/test_direct_query.py"
# Modules that open connections to PostgreSQL, and the name of what does it.
DRIVERS = {"psycopg2": "connect", "psycopg": "connect", "asyncpg": "connect", "sqlalchemy": "create_engine"}
# What libpq reads, all of it: https://www.postgresql.org/docs/current/libpq-envars.html
VARIABLES = {
    *("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGREQUIREAUTH"),
    *(
        "PGCHANNELBINDING",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGOPTIONS",
        "PGAPPNAME",
        "PGSSLMODE",
        "PGREQUIRESSL",
    ),
    *("PGSSLNEGOTIATION", "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE", "PGSSLROOTCERT"),
    *("PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGREQUIREPEER", "PGSSLMINPROTOCOLVERSION", "PGKRBSRVNAME"),
    *("PGSSLMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGGSSLIB"),
    *("PGGSSDELEGATION", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PGTARGETSESSIONATTRS", "PGDATESTYLE"),
    *("PGLOADBALANCEHOSTS", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR", "PGDATA"),
}


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "foreign")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What psycopg2 is asked for, each time, and libpq's variables at that moment."""
    calls = []

    def connect(**parameters: object) -> str:
        calls.append((parameters, {name for name in os.environ if name.startswith("PG")}))
        return "a connection"

    monkeypatch.setattr(psycopg2, "connect", connect)
    return calls


def connecting(path: Path) -> bool:
    """Tell whether a file opens a connection by itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if DRIVERS.get(node.value.id) == node.attr and isinstance(node.ctx, ast.Load):
                return True
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            if DRIVERS.get(node.module) in names:
                return True
    return False


def test_nothing_opens_a_connection_but_one_function() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    assert [str(file.relative_to(ROOT)) for file in files if connecting(file)] == [
        "include/libpq.py",
        READER,
    ]


def test_dbt_has_one_connection_to_postgresql_which_says_its_search_path() -> None:
    profile = yaml.safe_load((ROOT / "dbt" / "profiles.yml").read_text(encoding="utf-8"))
    outputs = profile["video_streaming"]["outputs"]
    ((name, target),) = ((name, found) for name, found in outputs.items() if found["type"] == "postgres")
    assert (name, target["search_path"]) == ("warehouse", libpq.SEARCH_PATH)
    for name, value in libpq.DBT_VARIABLES.items():
        assert re.search(rf"\b{name}=('{value}'|{value})", build_command())


def test_connection_says_all_that_the_platform_relies_on(asked: list) -> None:
    assert connect(host="h", dbname="d") == "a connection"
    ((parameters, _),) = asked
    assert (parameters["host"], parameters["dbname"]) == ("h", "d")
    assert parameters["client_encoding"] == "UTF8"
    for said in ("timezone=UTC", "datestyle=ISO,YMD", "intervalstyle=postgres", "search_path=public"):
        assert f"-c {said}" in parameters["options"]


def test_parameters_of_somebodys_connection_stay(asked: list) -> None:
    connect(sslmode="verify-full", application_name="nightly", options="-c statement_timeout=5s")
    ((parameters, _),) = asked
    assert (parameters["sslmode"], parameters["application_name"]) == ("verify-full", "nightly")
    assert parameters["options"].endswith(" -c statement_timeout=5s")


def test_encoding_is_not_for_anybody_to_choose(asked: list) -> None:
    connect(client_encoding="LATIN1")
    assert asked[0][0]["client_encoding"] == "UTF8"


def test_variables_do_not_reach_libpq_and_stay_with_the_process(
    foreign: None, asked: list, caplog: pytest.LogCaptureFixture
) -> None:
    connect(host="h")
    assert asked[0][1] == set()
    assert {os.environ[name] for name in VARIABLES} == {"foreign"}
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "PGSERVICE" in warning.getMessage()


def test_variables_stay_when_there_is_no_connection(foreign: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise psycopg2.OperationalError("connection refused")

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(psycopg2.OperationalError, match="connection refused"):
        connect(host="h")
    assert {os.environ[name] for name in VARIABLES} == {"foreign"}


@pytest.mark.parametrize(
    "words",
    [
        "FATAL:  unsupported startup parameter: options",
        "FATAL:  unsupported startup parameter in options: search_path",
        "Feature not supported: RDS Proxy currently doesn't support command-line options.",
    ],
)
def test_pooler_that_takes_no_options_is_asked_without(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    calls = []

    def connect_(**parameters: object) -> str:
        calls.append(parameters)
        if parameters["options"]:
            raise psycopg2.OperationalError(words)
        return "a connection"

    monkeypatch.setattr(psycopg2, "connect", connect_)
    assert connect(host="h") == "a connection"
    assert [call["client_encoding"] for call in calls] == ["UTF8", "UTF8"]


def test_what_is_handed_on_has_none_of_them(foreign: None, tmp_path: Path) -> None:
    assert not inherited().keys() & {*VARIABLES}
    assert libpq.without_variables({"PGHOST": "h", "PATH": "p"}) == {"PATH": "p"}
    (tmp_path / ".env").write_text("PGSSLMODE=require\nSOURCE_DB=shop\n")
    assert read_env(tmp_path / ".env") == {"SOURCE_DB": "shop"}


@pytest.mark.parametrize(
    ("words", "is_wrong"),
    [
        ('FATAL:  password authentication failed for user "elt_reader"', True),
        ('FATAL:  database "times" does not exist', True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "x", database "y", no encryption', True),
        ("server does not support SSL, but SSL was required", True),
        ("fe_sendauth: no password supplied", True),
        ('connection to server at "a", port 5432 failed: Connection refused', False),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", False),
        ("server closed the connection unexpectedly", False),
        ("timeout expired", False),
        # Of two hosts, one may come back.
        ('server at "a" failed: timeout expired\nFATAL:  password authentication failed for user "x"', False),
        ("etwas in einer anderen Sprache", False),
    ],
)
def test_a_wrong_login_is_told_from_a_server_that_is_away(words: str, is_wrong: bool) -> None:
    assert is_wrong_login(psycopg2.OperationalError(words)) is is_wrong
