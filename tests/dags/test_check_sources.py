"""`make check-sources` as a command: what it prints, and its exit code, over Airflow's connections."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cli import check_sources as command
from include.environment import pipeline_variables
from include.tables import SOURCES
from tests.conftest import Platform

STOPS = "What is MISSING stops a load. Nothing was changed anywhere.\n"


@pytest.fixture
def check(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Yield a function that checks the sources, with settings changed: exit code, and what is printed."""

    def check(**changed: str) -> tuple[int, str]:
        env = {**platform.env, "SOURCES": "existing", **changed}

        @contextmanager
        def environment():
            for name, value in pipeline_variables(env).items():
                monkeypatch.setenv(name, value)
            yield env

        monkeypatch.setattr(command, "source_environment", environment)
        # Not the thirty seconds of the driver.
        monkeypatch.setattr("pymongo.common.SERVER_SELECTION_TIMEOUT", 1)
        code = command.check_sources()
        return code, capsys.readouterr().out

    yield check
    # A command is the last thing that its process does; a test is not.
    logging.disable(logging.NOTSET)


def test_of_the_demo_all_is_well(check: Callable) -> None:
    code, printed = check()
    assert code == 0
    levels = {line.split()[0] for line in printed.splitlines() if line.startswith("  ")}
    assert levels == {"ok"}
    assert "paste" not in printed
    assert printed.endswith("\nNothing that would stop a load was found.\n")


def test_without_a_warehouse_the_sources_are_checked_all_the_same(check: Callable) -> None:
    assert check(WAREHOUSE_PORT="1")[0] == 0


def test_login_that_fails_is_a_sentence_and_its_statements(check: Callable, platform: Platform) -> None:
    code, printed = check(SOURCE_READER_PASSWORD="wrong-one", MONGO_READER_PASSWORD="wrong-one")
    database = platform.env["SOURCE_DB"]
    assert code == 1
    assert f"  MISSING  source_postgres: cannot log in to {database}" in printed
    assert "  MISSING  source_mongo: cannot log in to " in printed
    assert (
        f"\n-- source_postgres: for an administrator, to paste into psql in the database {database}\n"
        in printed
    )
    assert 'create role "elt_reader" login;\n' in printed
    assert 'grant select on "public"."users" to "elt_reader";\n' in printed
    assert 'createUser({user: "elt_reader", pwd: passwordPrompt(), roles: ' in printed
    assert "wrong-one" not in printed
    assert "full error" not in printed
    assert printed.endswith(STOPS)


def test_connection_that_nobody_declared_is_a_sentence(
    check: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "SOURCES", [*SOURCES, replace(SOURCES[0], server="crm")])
    code, printed = check()
    assert code == 1
    assert "\ncrm\n  MISSING  There is no connection crm, which include/sources.yml names." in printed
    assert "\nsource_mongo\n  ok " in printed
    assert printed.endswith(STOPS)


def test_table_that_is_missing_ends_with_1(check: Callable, platform: Platform) -> None:
    platform.query("app", "drop table users")
    code, printed = check()
    assert code == 1
    assert "\n  MISSING  users: there is no public.users in the database " in printed
    assert check(SOURCES="played")[0] == 0
