"""The lineage of the real star against what dbt builds, and what PostgreSQL changes when raw changes."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg2.extensions import cursor as Cursor

from include.lineage import Edges, downstream
from tests.conftest import Platform
from tests.dbt_project.star import load
from tests.integration.lineage.product import COLUMNS, EVENTS, FIRST, make_star, rows, values_of_star
from tests.warm_dbt import run_dbt

USERS, SESSIONS = "raw.postgres_users", "raw.postgres_viewing_sessions"
MOVIES, SERIES = "raw.mongo_movies", "raw.mongo_series"
# A number or text of raw -> another one for each. Keys and days are left out: rows are found by them.
TEXT, NUMBER, STAMP = "{} || ' 2'", "{} + 1", "{} + interval '1 hour'"
CHANGES = {
    USERS: {
        "age": "{} + 9",
        "country": TEXT,
        "subscription_type": TEXT,
        "total_watch_time_hours": NUMBER,
        "_loaded_at": STAMP,
    },
    SESSIONS: {
        "session_id": TEXT,
        "device_type": TEXT,
        "quality_level": TEXT,
        "watch_duration_minutes": "{} * 2 + 1",
        "completion_percentage": "{} / 2",
        "_loaded_at": STAMP,
    },
    MOVIES: dict.fromkeys(
        ("rating", "release_year", "duration_minutes", "views_count", "production_budget"), NUMBER
    )
    | {"title": TEXT},
    SERIES: dict.fromkeys(
        ("rating", "seasons", "avg_episode_duration", "total_views", "production_budget"), NUMBER
    )
    | {"title": TEXT},
    "raw.mongo_content_genres": {"genre": TEXT},
    "raw.mongo_series_seasons": {"episodes": NUMBER},
}
# Made from what changes, and yet the same: nobody has a former plan, and ranks are 1, 2, 3 of whatever.
UNMOVED = {"trusted.dim_users.previous_subscription_type", "trusted.mart_country_engagement.watch_hours_rank"}
FURTHER_SESSION = f"""
insert into {SESSIONS}
select (jsonb_populate_record(known, '{{"session_id": "further"}}')).* from {SESSIONS} as known
where session_id = 'V0'
"""
Remake = Callable[[str], dict[str, list[str]]]


@pytest.fixture(scope="module")
def cursor(warehouse: Platform) -> Iterator[Cursor]:
    load(warehouse, FIRST, rows(), datetime(2024, 5, 1, tzinfo=UTC))
    with closing(warehouse.connect("admin")) as connection, connection.cursor() as cursor:
        cursor.execute(EVENTS)
        connection.commit()
        yield cursor


@pytest.fixture(scope="module")
def remake(cursor: Cursor, compiled: dict[str, str]) -> Remake:
    """Return what makes the star anew after a change of raw, and forgets both."""

    def make(change: str) -> dict[str, list[str]]:
        if change:
            cursor.execute(change)
        make_star(cursor, compiled)
        found = values_of_star(cursor)
        cursor.connection.rollback()
        return found

    return make


@pytest.fixture(scope="module")
def unchanged(remake: Remake) -> dict[str, list[str]]:
    return remake("")


def test_models_have_the_columns_that_dbt_builds(
    edges: Edges, compiled: dict[str, str], warehouse: Platform, cursor: Cursor, tmp_path: Path
):
    without_tests = ("--exclude-resource-type", "unit_test", "test")
    run_dbt("build", *without_tests, settings=warehouse.dbt_env(), work_dir=tmp_path)
    cursor.execute(COLUMNS, (["staging", "intermediate", "snapshots", "trusted_next"],))
    built = {table.replace("trusted_next", "trusted"): names for table, names in cursor.fetchall()}
    cursor.connection.rollback()
    assert built.keys() == compiled.keys()
    columns = {f"{table}.{name}" for table, names in built.items() for name in (*names, "*")}
    assert columns == {column for column in edges if column.rpartition(".")[0] in compiled}


@pytest.mark.parametrize("column", [f"{table}.{name}" for table, names in CHANGES.items() for name in names])
def test_a_change_of_raw_changes_exactly_what_is_made_from_it(
    column: str, edges: Edges, star: set[str], remake: Remake, unchanged: dict[str, list[str]]
):
    table, _, name = column.rpartition(".")
    now = remake(f"update {table} set {name} = {CHANGES[table][name].format(name)}")
    changed = {one for one in now if now[one] != unchanged[one]}
    assert changed == (downstream(edges, column) & star) - UNMOVED


def test_a_further_session_is_counted_by_what_leads_to_the_rows(
    edges: Edges, star: set[str], remake: Remake, unchanged: dict[str, list[str]]
):
    now = remake(FURTHER_SESSION)
    counts = {column for column in star if column.endswith(".sessions")}
    assert len(counts) >= 10
    assert counts <= downstream(edges, f"{SESSIONS}.*")
    assert all(now[column] != unchanged[column] for column in counts)
