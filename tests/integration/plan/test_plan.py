"""What publishing would change, held against the rows of both stars as Python compares them."""

from collections.abc import Iterator

import pytest
from psycopg2.extensions import cursor as Cursor

from cli.plan import print_plan
from include.metrics import Definitions, read_definitions
from include.plan import Plan, compare_stars, page
from include.publish.schema_marker import NEXT, TRUSTED
from tests.integration.publish.generated_days import Days

TABLES = (
    "dim_users",
    "dim_content",
    "fct_viewing_sessions",
    "mart_daily_engagement",
    "bridge_content_genres",
)
KEYS = {
    "dim_users": ("user_key",), "dim_content": ("content_key",), "fct_viewing_sessions": ("session_id",),
    "mart_daily_engagement": ("date_key",), "bridge_content_genres": ("content_key", "genre_key"),
}  # fmt: skip


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture
def cursor(days: Days) -> Iterator[Cursor]:
    """A transaction whose changes are taken back."""
    connection = days.platform.connect("dbt_transformer")
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()


@pytest.fixture
def plan(cursor: Cursor, definitions: Definitions) -> Plan:
    return compare_stars(cursor, definitions)


def rows(cursor: Cursor, schema: str, table: str) -> dict[tuple, dict]:
    cursor.execute(f"select * from {schema}.{table}")
    names = [column.name for column in cursor.description]
    found = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    values = [
        ({name: one[name] for name in KEYS[table]}, {k: v for k, v in one.items() if k[0] != "_"})
        for one in found
    ]
    return {tuple(key.values()): row for key, row in values}


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_come_go_and_change_are_counted(cursor, plan, table):
    seen, following = (rows(cursor, schema, table) for schema in (TRUSTED, NEXT))
    (found,) = [one for one in plan.tables if one.name == table]
    assert (found.rows_before, found.rows_after) == (len(seen), len(following))
    assert found.added == len(following.keys() - seen.keys())
    assert found.removed == len(seen.keys() - following.keys())
    assert found.changed == sum(seen[key] != following[key] for key in seen.keys() & following.keys())


def test_something_changes_and_something_does_not(plan):
    assert {one.name for one in plan.changes} > {"fct_viewing_sessions", "mart_daily_engagement"}
    assert len(plan.changes) < len(plan.tables)


def test_moves_are_those_of_the_days_largest_first(cursor, plan):
    seen, following = (rows(cursor, schema, "mart_daily_engagement") for schema in (TRUSTED, NEXT))
    moved = {
        following.get(key, seen.get(key))["date"]
        for key in seen.keys() | following.keys()
        if seen.get(key, {}).get("sessions", 0) != following.get(key, {}).get("sessions", 0)
    }
    found = [one for one in plan.moves if one.metric == "sessions"]
    assert {one.day for one in found} == moved != set()
    shares = [abs(one.share) for one in plan.moves]
    assert shares == sorted(shares, reverse=True)


def test_columns_that_come_go_and_change_their_type_are_named(cursor, definitions):
    cursor.execute(
        "alter table trusted_next.dim_devices add column maker text;"
        "alter table trusted_next.dim_devices drop column device_type cascade;"
        "alter table trusted_next.dim_genres alter column genre type varchar(80)"
    )
    plan = {one.name: one for one in compare_stars(cursor, definitions).tables}
    devices, genres = plan["dim_devices"], plan["dim_genres"]
    assert (devices.columns_added, devices.columns_removed) == (("maker",), ("device_type",))
    assert genres.columns_retyped == ("genre: text -> character varying(80)",)


def test_the_same_star_changes_nothing(cursor, definitions):
    plan = compare_stars(cursor, definitions, NEXT, NEXT)
    assert plan.changes == []
    assert plan.moves == ()
    assert page(plan, definitions) == "Publishing would change nothing."


def test_the_page_says_rows_and_days(plan, definitions):
    text = page(plan, definitions)
    assert "fct_viewing_sessions" in text
    assert "tables stay as they are" in text
    assert plan.moves[0].day.isoformat() in text
    assert "Watch hours" in text


def test_a_first_star_is_all_new(cursor, definitions):
    cursor.execute("create schema nothing_yet")
    plan = compare_stars(cursor, definitions, "nothing_yet", NEXT)
    (fact,) = [one for one in plan.tables if one.name == "fct_viewing_sessions"]
    assert fact.rows_before == 0 < fact.rows_after
    assert plan.moves is None
    assert "Readers see no star yet." in page(plan, definitions)


def test_the_command_prints_the_plan_until_the_star_is_published(days, capsys):
    warehouse = days.platform.connect("dbt_transformer")
    print_plan(warehouse)
    printed = capsys.readouterr().out
    assert printed.startswith("The next star, built by run day 1:\n")
    assert "fct_viewing_sessions" in printed
    days.publish(days.batch(1))
    print_plan(warehouse)
    assert capsys.readouterr().out.startswith("There is no next star")
