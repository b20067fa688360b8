"""A played source whose database is in another encoding: what it lacks is in quarantine by row."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as Connection

from include.embedded.postgres import connect_as_admin, create_databases
from include.ops.load_runs import Load
from include.rules.rejected import Rejected
from include.schema.ddl import create_source_tables
from include.seed.postgres import merge_file
from tests.conftest import Platform
from tests.integration.helpers.connections import autocommit
from tests.product import USERS

OTHERS = {"WAREHOUSE_DB", "AIRFLOW_DB"}
# Encoding -> a text that it has, and one that it lacks.
TEXTS = {"LATIN1": ("Curaçao", "漢字"), "WIN1252": ("Córdoba €", "Ελλάδα"), "EUC_JP": ("日本", "한국")}
HEADER = "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"


@pytest.fixture(params=[*TEXTS, "SQL_ASCII"])
def encoding(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def source(platform: Platform, encoding: str) -> Iterator[Connection]:
    """The product's database, made in the encoding."""
    name, port = f"seeded_{encoding.lower()}", int(platform.env["SOURCE_PORT"])
    admin = autocommit(connect_as_admin(platform.env, port, "postgres"))
    with admin.cursor() as cursor:
        cursor.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
    env = platform.env | {"SOURCE_DB": name}
    create_databases({name: env[name] for name in env if name not in OTHERS}, port)
    with closing(Platform(env).connect("app")) as connection:
        create_source_tables(connection)
        yield connection
    with admin.cursor() as cursor:
        cursor.execute(f"drop database {name} with (force)")
    admin.close()


def seed(source: Connection, folder: Path, *countries: str) -> tuple[Load, list[Rejected]]:
    path = folder / "users.csv"
    rows = [f'U{n},21,"{country}",Basic,2022-10-01,1' for n, country in enumerate(countries, 2)]
    path.write_text("\n".join([HEADER, *rows]) + "\n", newline="")
    load = Load("seed", "users", datetime.now(UTC))
    rejected = merge_file(source, USERS, path, load)
    assert load.read == load.accounted
    source.commit()
    return load, rejected


def countries(source: Connection) -> dict[str, str]:
    with source.cursor() as cursor:
        cursor.execute("select user_id, country from users order by 1")
        return dict(cursor.fetchall())


def test_row_that_the_encoding_lacks_is_set_aside_and_the_others_are_loaded(source, encoding, tmp_path):
    known, lacking = TEXTS.get(encoding, ("Curaçao", None))
    seed(source, tmp_path, known, "Peru", "plain")
    assert countries(source) == {"U2": known, "U3": "Peru", "U4": "plain"}
    load, rejected = seed(source, tmp_path, known, lacking or "Chile", "plain")
    if lacking is None:
        assert (load.updated, rejected) == (1, [])
        return
    (found,) = rejected
    assert (found.position, found.column, found.value) == ("3", "country", lacking)
    assert found.rule == "not_in_encoding"
    assert found.reason.endswith(f"lacks: {''.join(sorted(set(lacking)))}")
    # The stored row of a rejected one stays.
    assert (load.unchanged, load.deleted, countries(source)["U3"]) == (2, 0, "Peru")


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    found=st.lists(
        st.text(st.characters(exclude_characters='\0"\r\n', exclude_categories=["Cs"])), max_size=8
    )
)
def test_any_text_is_loaded_as_it_is_or_set_aside(source, tmp_path, found):
    _, rejected = seed(source, tmp_path, "Peru", *found)
    aside = {f"U{row.position}" for row in rejected}
    expected = {f"U{n}": text or None for n, text in enumerate(["Peru", *found], 2)}
    loaded = countries(source)
    assert loaded.keys() | aside >= expected.keys()
    assert {key: loaded[key] for key in expected if key not in aside} == {
        key: text for key, text in expected.items() if key not in aside
    }
