"""A star that takes over what each day changed is the one that a full refresh gives.

It does not matter what the days brought and which builds failed, were killed or left models out.

Scenario: one star goes through all of it, and each test leaves it equal to a full refresh, from where the
next one goes on. Run alone, a test begins with a star of some days.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from include.publish.schema_marker import read_marker
from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY, STAR, TESTED, Star
from tests.pipeline import build_next, start_build
from tests.random_days import Kind


@pytest.fixture(scope="module", params=[20_240_901], ids="seed {}".format)
def first_star(
    request: pytest.FixtureRequest, warehouse: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Star:
    """The star of the product's first day, built once."""
    star = Star(warehouse, tmp_path_factory.mktemp("star"), request.param)
    star.days.first()
    star.build()
    return star


@pytest.fixture
def star(first_star: Star) -> Star:
    """The star as the test before left it; without one, some days pass until its full refresh."""
    if first_star.days.loads == 1:
        for _ in range(3):
            first_star.days.next()
        first_star.build("--full-refresh", *MODELS_ONLY)
    return first_star


def test_days_in_a_row_equal_one_full_refresh(first_star):
    for options in (MODELS_ONLY, MODELS_ONLY, MODELS_ONLY, TESTED):
        first_star.days.next()
        first_star.build(*options)
    first_star.assert_equals_a_full_refresh()


@pytest.mark.nightly
def test_a_day_after_a_full_refresh_and_a_star_that_is_gone_and_built_whole_are_equal(star):
    star.days.next()
    star.build()
    star.keep()
    star.query(f"drop schema {STAR} cascade")
    star.build()
    assert star.differences() == []


@pytest.mark.nightly
def test_a_star_of_which_a_part_was_built_is_counted_anew(star):
    star.days.next()
    star.build(*MODELS_ONLY, "--select", "+fct_viewing_sessions")
    # It leaves the marts out as well, and all goes well.
    star.build("--resource-type", "snapshot")
    star.days.next()
    star.build()
    star.assert_equals_a_full_refresh()


@pytest.mark.nightly
def test_the_same_build_twice_gives_the_same_star(star):
    star.days.next()
    star.build()
    star.keep()
    star.build()
    assert star.differences() == []


@pytest.mark.nightly
def test_a_build_of_some_models_leaves_the_next_one_nothing_to_do_twice(star):
    """It keeps the hash of the code, so the next build is no full refresh."""
    star.days.next()
    star.build(*MODELS_ONLY, "--select", "mart_monthly_viewing")
    before = star.fact_file()
    star.build()
    assert star.fact_file() == before
    star.assert_equals_a_full_refresh()


def test_a_star_that_failed_a_test_is_counted_anew(star):
    session_id, good = sorted(star.days.sessions.live.items())[0]
    star.edit_sessions([session_id], completion_percentage=150)
    done = build_next(star.platform, star.target, *TESTED, batch=star.batch())
    assert done.returncode == 1
    poisoned = f"select session_id from {STAR}.fct_viewing_sessions where completion_percentage = 150"
    assert star.query(poisoned) == [(session_id,)]
    star.days.sessions.put(good)
    star.days.next()
    star.build()
    star.assert_equals_a_full_refresh()


def test_a_star_whose_build_was_killed_between_fact_and_marts_is_counted_anew(star, eventually):
    built, waiting = "mart_daily_engagement", "mart_monthly_viewing"
    star.days.next()
    before = star.files(built, waiting)
    with star.platform.connect("dbt_transformer") as reader, reader.cursor() as cursor:
        # dbt cannot put the new table in the place of one that is read.
        cursor.execute(f"select from {STAR}.{waiting}")
        dbt = start_build(star.platform, star.target, *MODELS_ONLY, batch=star.batch())
        try:
            eventually(lambda: star.files(built)[built] != before[built], seconds=60)
        finally:
            dbt.kill()
            dbt.communicate()
    assert star.files(waiting)[waiting] == before[waiting]
    with star.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        assert read_marker(cursor, STAR)["state"] == "building"
    star.build()
    star.assert_equals_a_full_refresh()


def test_a_load_in_the_middle_of_a_build_is_whole_with_the_next_one(star, eventually):
    fact = f"{STAR}.fct_viewing_sessions"
    changed = sorted(star.days.sessions.live)[:2]
    star.edit_sessions(changed[:1], watch_duration_minutes=11)
    with star.platform.connect("dbt_transformer") as reader, reader.cursor() as cursor:
        # dbt finds out what changed, and has to wait before it changes the fact.
        cursor.execute(f"lock table {fact} in share mode")
        dbt = start_build(star.platform, star.target, *MODELS_ONLY, batch=star.batch())
        try:
            eventually(lambda: star.is_waited_for(fact), seconds=60)
            star.edit_sessions(changed, watch_duration_minutes=12)
        finally:
            reader.rollback()
            output, _ = dbt.communicate()
    assert dbt.returncode == 0, output[-5000:]
    star.build()
    star.assert_equals_a_full_refresh()


def named(table: Kind, key: str, **values: object) -> None:
    """Put a row like any other of the table, of this key and with these values."""
    table.put(table.live[min(table.live)] | {table.key: key} | values)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "snapshots first"])
def test_users_who_lose_a_version_all_of_them_or_all_sessions_leave(star, at_once):
    users, sessions = star.days.users, star.days.sessions
    star.days.next()
    names = ("kept", "lost", "lost but watching", "ghost", "steady")
    kept, lost, lost_watching, ghost, steady = (f"{name}, {at_once}" for name in names)
    named(users, kept, subscription_type="Basic")
    named(users, steady, total_watch_time_hours=0)
    star.days.load()
    star.build()
    star.days.day += timedelta(days=1)
    users.put(users.live[kept] | {"subscription_type": "Premium"})
    named(users, lost)
    named(users, lost_watching, country="Chile")
    for user_id in (kept, lost_watching, ghost):
        named(sessions, f"of {user_id}", user_id=user_id, watch_date=star.days.day)
    star.days.load()
    star.build()
    ids = [kept, lost, lost_watching, ghost]
    shown = (
        f"select user_id, count(*), bool_or(is_inferred) from {STAR}.dim_users"
        " where user_id = any (%s) group by user_id"
    )
    assert set(star.query(shown, ids)) == {
        (kept, 2, False),
        (lost, 1, False),
        (lost_watching, 1, False),
        (ghost, 1, True),
    }
    # On the same business date: what began on it has no length.
    for user_id in (kept, lost, lost_watching):
        users.delete(user_id)
    sessions.delete(f"of {ghost}")
    # No version keeps it: it is shown as it is now.
    users.put(users.live[steady] | {"total_watch_time_hours": 77.5})
    star.days.load()
    if not at_once:
        star.build("--resource-type", "snapshot")
    star.build()
    assert set(star.query(shown, ids)) == {(kept, 1, False), (lost_watching, 1, True)}
    hours = f"select total_watch_time_hours from {STAR}.dim_users where user_id = %s"
    assert star.query(hours, steady) == [(Decimal("77.50"),)]
    star.assert_equals_a_full_refresh()
