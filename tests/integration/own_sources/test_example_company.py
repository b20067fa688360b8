"""The company of docs/example, from its own systems to the star by its sources.yml and staging models alone.

Its answers are asked of its own database and catalogue.
"""

from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from bson import json_util

from include.declarations import read_sources
from include.embedded.postgres import connect_as_admin
from include.environment import ROOT
from include.extract_load import load_collection, load_table
from include.run import Batch, Run
from include.schema.ddl import create_warehouse_tables
from include.specs import PostgresTable
from tests.conftest import Platform
from tests.pipeline import dbt_build

EXAMPLE = ROOT / "docs" / "example"
SOURCES = read_sources(EXAMPLE / "sources.yml")
OPTIONS = ("--vars", "staging: example")
FIRST, SECOND = Batch("day 0", date(2024, 9, 1)), Batch("day 1", date(2024, 9, 2))
FACT = "from trusted.fct_viewing_sessions"


def catalogue() -> list[dict]:
    """Return the documents of the titles, as they are in MongoDB."""
    return json_util.loads((EXAMPLE / "catalogue.json").read_text(encoding="utf-8"))


def run_in_source(platform: Platform, sql: str) -> None:
    """Run statements in the company's PostgreSQL database, as its owner."""
    env = platform.env
    connection = connect_as_admin(env, int(env["SOURCE_PORT"]), env["SOURCE_DB"])
    with closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(sql)


def load(platform: Platform, batch: Batch) -> None:
    """Load all entries, as elt_reader."""
    loader, run = platform.connect("elt_loader"), Run(batch)
    for source in SOURCES:
        if isinstance(source, PostgresTable):
            load_table(platform.connect("elt_reader"), loader, source, run)
        else:
            load_collection(platform.mongo("elt_reader"), loader, source, run)


@pytest.fixture(scope="module")
def company(warehouse: Platform) -> Platform:
    """The company's systems, loaded into raw."""
    run_in_source(warehouse, (EXAMPLE / "source.sql").read_text(encoding="utf-8"))
    warehouse.mongo("app")["titles"].insert_many(catalogue())
    raw = [table for source in SOURCES for table in source.raw_tables]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("include.schema.ddl.raw_tables", lambda: {table.raw: table for table in raw})
        create_warehouse_tables(warehouse.connect("elt_loader"))
    load(warehouse, FIRST)
    return warehouse


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def star(company: Platform, target: Path) -> Platform:
    """The star of the company's first day, all tests of dbt included."""
    dbt_build(company, target, *OPTIONS, batch=FIRST)
    return company


def test_nothing_is_in_quarantine(star):
    assert star.query("elt_loader", "select count(*) from quarantine.rejected_rows") == [(0,)]


def test_personal_column_that_is_left_is_nowhere(star):
    found = star.query("admin", "select 1 from information_schema.columns where column_name = 'email'")
    assert found == []


def test_sessions_are_the_plays(star):
    plays = star.query(
        "elt_reader",
        "select count(*), sum(round(seconds / 60.0, 2)),"
        " sum(round(least(100.0 * seconds / seconds_total, 100), 2)),"
        " count(*) filter (where seconds >= 0.9 * seconds_total) from player.plays",
    )
    sessions = star.query(
        "bi_reader",
        "select count(*), sum(watch_duration_minutes), sum(completion_percentage),"
        f" count(*) filter (where is_completed) {FACT}",
    )
    assert sessions == plays
    assert plays[0][0] == 600


def test_sessions_of_a_month_a_device_and_a_quality_are_its_plays(star):
    plays = star.query(
        "elt_reader",
        "select to_char(started_at at time zone 'UTC', 'YYYY-MM'),"
        " coalesce(nullif(trim(device), ''), 'Unknown'),"
        " case when resolution = 2160 then '4K' when resolution > 480 then 'HD'"
        " when resolution = 480 then 'SD' else 'Unknown' end,"
        " count(*) from player.plays group by 1, 2, 3",
    )
    sessions = star.query(
        "bi_reader",
        f"select to_char(watch_date, 'YYYY-MM'), device_type, quality_level, count(*) {FACT}"
        " join trusted.dim_devices using (device_key)"
        " join trusted.dim_quality_levels using (quality_level_key) group by 1, 2, 3",
    )
    assert len(plays) > 20
    assert set(sessions) == set(plays)


def test_users_are_the_customers_and_those_whom_only_plays_know(star):
    customers = star.query(
        "elt_reader",
        "select customer_id::text, extract(year from age(date '2024-09-01', birth_date))::integer,"
        " coalesce(country_code, 'Unknown'), coalesce(initcap(plan::text), 'Unknown'),"
        " (signup_at at time zone 'UTC')::date, round(minutes_watched / 60.0, 2)"
        ' from crm."Customers" as customers order by customers.customer_id',
    )
    users = star.query(
        "bi_reader",
        "select user_id, age, country, subscription_type, registration_date, total_watch_time_hours"
        " from trusted.dim_users where is_current and not is_inferred and user_key != -1"
        " order by user_id::bigint",
    )
    assert users == customers
    assert len(users) == 80
    inferred = star.query("bi_reader", "select user_id from trusted.dim_users where is_inferred order by 1")
    assert inferred == [("81",), ("82",), ("83",)]


def test_titles_are_those_of_the_catalogue_and_one_that_only_plays_know(star):
    titles = star.query(
        "bi_reader",
        "select content_id, content_type, title, release_year, coalesce(duration_minutes,"
        " avg_episode_duration_minutes), seasons, total_episodes, rating, catalogue_views, production_budget"
        " from trusted.dim_content where is_available order by content_id",
    )
    assert [[str(value) for value in row] for row in titles] == [expected(title) for title in catalogue()]
    inferred = star.query("bi_reader", "select content_id from trusted.dim_content where is_inferred")
    assert inferred == [("65a000000000000000000020",)]


def expected(title: dict) -> list[str]:
    """Return the row of a title in the star, as text."""
    info, is_film = title.get("info", {}), title["kind"] == "film"
    episodes = None if is_film else sum(season["episodes"] for season in title["seasons"])
    cost = title["cost"]["amount"] if "cost" in title else None
    row = [title["_id"], "movie" if is_film else "series", title["name"], info.get("year")]
    row += [decimals(info.get("minutes")), info.get("seasons"), episodes, decimals(title.get("score"))]
    return [str(value) for value in [*row, title["plays"], cost]]


def decimals(number: float | None) -> str | None:
    return None if number is None else f"{number:.2f}"


def test_genres_are_the_tags_that_name_one(star):
    tags = [{tag for tag in title.get("tags", ()) if tag.startswith("genre/")} for title in catalogue()]
    expected = Counter(tag.removeprefix("genre/") for genres in tags for tag in genres)
    found = star.query(
        "bi_reader",
        "select genre, count(*) from trusted.bridge_content_genres join trusted.dim_genres using (genre_key)"
        " where genre_key != -1 group by 1",
    )
    assert Counter(dict(found)) == expected
    assert sum(expected.values()) > 30


def test_next_day_brings_changes_into_the_star(star, target):
    run_in_source(
        star,
        """
        update crm."Customers" set plan = 'premium', modified_at = now() where customer_id = 1;
        delete from player.plays where customer_id = 2;
        insert into player.plays values
            (1, '2024-08-31 23:30:00+00', '65a000000000000000000003', 600, 1200, 'tv', 1080);
        """,
    )
    star.mongo("app")["titles"].delete_one({"name": "Paper Kites"})
    load(star, SECOND)
    dbt_build(star, target, *OPTIONS, batch=SECOND)
    (plays,) = star.query("elt_reader", "select count(*) from player.plays")
    assert star.query("bi_reader", f"select count(*) {FACT}") == [plays]
    assert plays[0] < 601
    new = star.query(
        "bi_reader",
        f"select watch_duration_minutes, completion_percentage, subscription_type, title {FACT}"
        " join trusted.dim_users using (user_key) join trusted.dim_content using (content_key)"
        " where session_id = '1 at 2024-08-31 23:30:00'",
    )
    # The plan of the play's date, not the one of today.
    assert [tuple(map(str, row)) for row in new] == [("10.00", "50.00", "Standard", "Winter Orchard")]
    plans = star.query(
        "bi_reader", "select subscription_type from trusted.dim_users where user_id = '1' order by valid_from"
    )
    assert plans == [("Standard",), ("Premium",)]
    gone = star.query("bi_reader", "select is_available from trusted.dim_content where title = 'Paper Kites'")
    assert gone == [(False,)]
