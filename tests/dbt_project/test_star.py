"""The star over several business dates, on a real PostgreSQL.

Scenario: each entry of LOADS writes the rows that changed into raw as the loader does, `dbt build`
follows, and all trusted tables are kept. Each test then reads its part of the story from what was kept.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.conftest import Platform
from tests.dbt_project.days import DAY_1, DAY_2, DAY_3, FOREVER, LOADS
from tests.dbt_project.star import Star, load, read_rows, read_star
from tests.warm_dbt import run_dbt

STAMPS = ("_loaded_at", "_user_loaded_at")
# Tests take most of a build. Unit tests do not depend on the rows, so that once is enough.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
WITHOUT_TESTS = (*WITHOUT_UNIT_TESTS, "test")
CHECKS = {
    "empty": (),
    "day 1": WITHOUT_TESTS,
    "day 2": WITHOUT_UNIT_TESTS,
    "day 2 again": WITHOUT_TESTS,
    "day 3": WITHOUT_UNIT_TESTS,
    "repeated": WITHOUT_TESTS,
    "rebuilt": WITHOUT_TESTS,
}


@pytest.fixture(scope="module")
def stars(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Star]:
    """Load and build once per entry of LOADS; return the star after each."""
    work_dir = tmp_path_factory.mktemp("dbt")
    start = datetime(2024, 3, 1, 6, 0, 0, 123456, tzinfo=UTC)
    kept = {}
    for number, (state, as_of, tables) in enumerate(LOADS):
        load(warehouse, as_of, tables, start + timedelta(hours=number, microseconds=number))
        options = ["--full-refresh"] if state == "rebuilt" else []
        run_dbt("build", *options, *CHECKS[state], settings=warehouse.dbt_env(), work_dir=work_dir)
        kept[state] = read_star(warehouse)
    return kept


@pytest.fixture(scope="module")
def final(stars: dict[str, Star]) -> Star:
    return stars["day 3"]


def test_empty_sources_give_a_star_of_unknown_members(stars):
    sizes = {table: len(rows) for table, rows in stars["empty"].tables.items()}
    assert sizes == {
        "dim_users": 1, "dim_content": 1, "dim_genres": 1, "dim_devices": 1,
        "dim_quality_levels": 1, "dim_dates": 0, "bridge_content_genres": 1,
        "fct_viewing_sessions": 0, "mart_user_engagement": 1, "mart_content_performance": 1,
        "mart_daily_engagement": 0,
        "mart_weekly_engagement": 0, "mart_monthly_engagement": 0, "mart_monthly_plan_mix": 0,
        "mart_cohort_retention": 0, "mart_device_quality_mix": 0, "mart_genre_performance": 1,
        "mart_country_engagement": 1,
        "mart_monthly_viewing": 0, "mart_monthly_content_viewing": 0,
        "dim_content_history": 0, "tot_daily_cohorts": 0, "tot_user_versions": 0,
        "int_streamed_sessions": 0,
    }  # fmt: skip


def test_a_changed_plan_closes_and_opens_versions_on_business_dates(stars):
    assert stars["day 1"].versions("upgrader") == [("Basic", DAY_1, FOREVER)]
    assert stars["day 2"].versions("upgrader") == [
        ("Basic", DAY_1, DAY_2),
        ("Premium", DAY_2, FOREVER),
    ]


def test_of_two_changes_on_one_date_the_last_one_wins(stars):
    before, after = stars["day 2"], stars["day 2 again"]
    assert before.versions("twice")[1:] == [("Standard", DAY_2, FOREVER)]
    assert after.versions("twice") == [("Basic", DAY_1, DAY_2), ("Premium", DAY_2, FOREVER)]
    assert before.user_of("twice_new")["user_key"] == after.user_of("twice_new")["user_key"]


def test_a_deleted_user_ends_on_the_date_of_deletion_and_keeps_the_sessions(final):
    assert final.versions("leaver") == [("Basic", DAY_1, DAY_2)]
    assert not final.row("dim_users", user_id="leaver")["is_current"]
    assert final.user_of("leaver_old") == final.user_of("leaver_after")
    assert final.row("mart_user_engagement", user_id="leaver")["sessions"] == 2


def test_a_user_who_comes_back_gets_a_new_version_after_the_gap(stars, final):
    assert stars["day 2 again"].versions("returner") == [("Basic", DAY_1, DAY_2)]
    assert final.versions("returner") == [("Basic", DAY_1, DAY_2), ("Standard", DAY_3, FOREVER)]


def test_sessions_move_when_a_version_is_withdrawn_on_its_first_date(stars, final):
    assert stars["day 2"].user_of("withdrawn_new")["subscription_type"] == "Premium"
    assert final.versions("withdrawn") == [("Basic", DAY_1, DAY_2)]
    assert final.user_of("withdrawn_new")["subscription_type"] == "Basic"


def test_sessions_move_when_their_user_changes_in_a_later_load(stars):
    assert stars["day 2"].user_of("late_new")["subscription_type"] == "Basic"
    assert stars["day 2 again"].user_of("late_new")["subscription_type"] == "Premium"


def test_sessions_find_the_version_of_their_watch_date(final):
    assert final.user_of("upgrader_old")["subscription_type"] == "Basic"
    assert final.user_of("upgrader_new")["subscription_type"] == "Premium"
    assert final.user_of("upgrader_arrived_late")["subscription_type"] == "Basic"


def test_a_session_has_the_id_of_its_user_in_every_version(stars):
    for star in stars.values():
        for fact in star.rows("fct_viewing_sessions"):
            version = star.row("dim_users", user_key=fact["user_key"])
            nobody = version["user_key"] == -1
            assert fact["user_id"] == (None if nobody else version["user_id"]), fact["session_id"]


def test_distinct_ids_count_people_whatever_their_versions(final):
    facts = final.rows("fct_viewing_sessions")
    people, versions = ({fact[name] for fact in facts} for name in ("user_id", "user_key"))
    assert (len(people - {None}), len(versions - {-1})) == (7, 9)


def test_the_first_version_reaches_back_to_the_registration_and_takes_earlier_sessions(final):
    version = final.row("dim_users", user_id="steady")
    assert version["valid_from"] == date(2022, 6, 1)
    assert final.user_of("before_registration") == version


def test_watch_hours_of_a_user_are_current_and_open_no_version(stars):
    (before,) = stars["day 1"].rows("dim_users", user_id="steady")
    (after,) = stars["day 2"].rows("dim_users", user_id="steady")
    assert after == {**before, "total_watch_time_hours": Decimal("12.00")}


def test_an_inferred_user_heals_under_the_same_key(stars):
    before, after = stars["day 1"].user_of("ghost_user"), stars["day 2"].user_of("ghost_user")
    assert (before["is_inferred"], before["country"]) == (True, "Unknown")
    assert (after["is_inferred"], after["country"]) == (False, "Chile")
    assert before["user_key"] == after["user_key"]
    unchanged = [
        {name: value for name, value in star.row(
            "fct_viewing_sessions", session_id="ghost_user"
        ).items() if name not in STAMPS}
        for star in (stars["day 1"], stars["day 2"])
    ]  # fmt: skip
    assert unchanged[0] == unchanged[1]


def test_an_inferred_title_heals_under_the_same_key(stars, final):
    before = stars["day 2"].row("dim_content", content_id="X9")
    after = final.row("dim_content", content_id="X9")
    assert (before["is_inferred"], before["content_type"]) == (True, "unknown")
    assert (after["is_inferred"], after["title"]) == (False, "Movie X9")
    assert before["content_key"] == after["content_key"]
    assert final.row("mart_content_performance", content_id="X9")["sessions"] == 1


def test_ratings_and_views_of_a_title_have_a_history_and_the_title_shows_the_present(stars, final):
    assert title_versions(stars["day 1"], "M1") == [(Decimal("7.50"), True, DAY_1, FOREVER)]
    assert title_versions(final, "M1") == [
        (Decimal("7.50"), True, DAY_1, DAY_2),
        (Decimal("8.50"), True, DAY_2, FOREVER),
    ]
    assert final.row("dim_content", content_id="M1")["rating"] == Decimal("8.50")
    assert [version[1:3] for version in title_versions(final, "M2")] == [(True, DAY_1), (False, DAY_3)]


def title_versions(star: Star, content_id: str) -> list[tuple]:
    """Return rating, availability and dates of each version of a title."""
    content_key = star.row("dim_content", content_id=content_id)["content_key"]
    found = star.rows("dim_content_history", content_key=content_key)
    ordered = sorted(found, key=lambda row: row["valid_from"])
    return [(v["rating"], v["is_available"], v["valid_from"], v["valid_to"]) for v in ordered]


def test_what_a_session_does_not_say_is_the_unknown_member(final):
    fact = final.row("fct_viewing_sessions", session_id="nothing_known")
    keys = ("user_key", "content_key", "device_key", "quality_level_key")
    assert [fact[key] for key in keys] == [-1, -1, -1, -1]
    called = final.row("fct_viewing_sessions", session_id="called_unknown")
    assert (called["device_key"], called["quality_level_key"]) == (-1, -1)


def test_new_devices_qualities_and_plans_are_new_members(final):
    fact = final.row("fct_viewing_sessions", session_id="new_values")
    assert final.row("dim_devices", device_key=fact["device_key"])["device_type"] == "Fridge"
    quality = final.row("dim_quality_levels", quality_level_key=fact["quality_level_key"])
    assert (quality["quality_level"], quality["resolution_rank"]) == ("8K", 0)
    trial = final.row("dim_users", user_id="trial")
    assert (trial["subscription_type"], trial["country"], trial["age_band"]) == (
        "Lifetime", "Unknown", "Unknown",
    )  # fmt: skip


def test_a_corrected_session_is_corrected_in_place(stars):
    completed = [
        stars[state].row("fct_viewing_sessions", session_id="corrected")["is_completed"]
        for state in ("day 1", "day 2")
    ]
    assert completed == [False, True]
    assert stars["day 1"].row("fct_viewing_sessions", session_id="plain")["is_completed"]


def test_a_deleted_session_leaves_in_the_same_build_and_may_come_back(stars, final):
    for session_id, counts in {"deleted": [1, 0, 0], "comes_back": [1, 0, 1]}.items():
        seen = [
            len(star.rows("fct_viewing_sessions", session_id=session_id))
            for star in (stars["day 1"], stars["day 2"], final)
        ]
        assert seen == counts


def test_a_title_that_left_the_catalogue_keeps_its_row_genres_and_episodes(stars, final):
    before = stars["day 2"].row("dim_content", content_id="T2")
    after = final.row("dim_content", content_id="T2")
    assert after == {**before, "is_available": False}
    assert after["total_episodes"] == 6
    assert genres_of(final, "T2") == genres_of(stars["day 2"], "T2") == {"Drama": 1}
    assert genres_of(final, "M2") == {"Comedy": 1}


def test_weights_of_a_title_sum_to_one_and_no_title_lacks_a_genre(stars, final):
    third = Decimal("0.33333333")
    assert genres_of(stars["day 2"], "M1") == {
        "Drama": third, "Crime": third + Decimal("0.00000001"), "War": third,
    }  # fmt: skip
    assert genres_of(final, "M1") == {"Drama": Decimal("0.5"), "Crime": Decimal("0.5")}
    for content_id in ("M3", "T1", "Unknown"):
        assert genres_of(final, content_id) == {"Unknown": 1}
    assert genres_of(stars["day 2"], "X9") == {"Unknown": 1}


def test_genres_share_each_session_exactly_once(stars, warehouse):
    """The last build's view, as fact and bridge have it: titles with two genres, with none, and unknown."""
    star, shares = stars["rebuilt"], defaultdict(dict)
    rows = read_rows(warehouse, "fct_viewing_sessions_by_genre")
    for row in rows:
        fact = star.row("fct_viewing_sessions", session_id=row["session_id"])
        assert [name for name in row.keys() & fact.keys() if row[name] != fact[name]] == []
        assert row["watch_minutes"] == fact["watch_duration_minutes"] * row["weight"]
        shares[row["session_id"]][row["genre_key"]] = row["weight"]
    assert shares == {
        fact["session_id"]: {
            title["genre_key"]: title["weight"]
            for title in star.rows("bridge_content_genres", content_key=fact["content_key"])
        }
        for fact in star.rows("fct_viewing_sessions")
    }
    assert {sum(weights.values()) for weights in shares.values()} == {1}
    assert len(rows) == sum(map(len, shares.values())) > len(shares)


def genres_of(star: Star, content_id: str) -> dict[str, Decimal]:
    """Return the weight of each genre of a title, by the genre's name."""
    content_key = star.row("dim_content", content_id=content_id)["content_key"]
    return {
        star.row("dim_genres", genre_key=row["genre_key"])["genre"]: row["weight"]
        for row in star.rows("bridge_content_genres", content_key=content_key)
    }


def test_the_calendar_has_every_day_of_whole_years_as_iso_counts_them(final):
    days = sorted(row["date"] for row in final.rows("dim_dates"))
    assert (days[0], days[-1]) == (date(2020, 1, 1), date(2024, 12, 31))
    assert len(days) == (days[-1] - days[0]).days + 1
    for row in final.rows("dim_dates"):
        day = row["date"]
        assert row == {
            "date_key": int(f"{day:%Y%m%d}"), "date": day, "year": day.year,
            "quarter": (day.month + 2) // 3, "month": day.month, "month_name": f"{day:%B}",
            "month_start_date": day.replace(day=1), "week": day.isocalendar().week,
            "iso_year": day.isocalendar().year,
            "week_start_date": day - timedelta(day.weekday()), "day_of_week": day.isoweekday(),
            "day_name": f"{day:%A}", "is_weekend": day.isoweekday() > 5,
        }  # fmt: skip


def test_a_day_counts_its_sessions_users_and_registrations(final):
    day = final.row("mart_daily_engagement", date=DAY_2)
    assert (day["sessions"], day["active_users"], day["new_users"]) == (4, 4, 1)
    assert (day["watch_hours"], day["completion_rate"]) == (Decimal("4.00"), Decimal("0"))
    quiet = final.row("mart_daily_engagement", date=date(2021, 1, 1))
    assert (quiet["sessions"], quiet["completion_rate"]) == (0, None)


def test_load_stamps_keep_their_microseconds_as_utc(stars):
    fact = stars["day 1"].row("fct_viewing_sessions", session_id="plain")
    assert fact["_loaded_at"] == datetime(2024, 3, 1, 7, 0, 0, 123457)


def test_building_the_same_input_twice_changes_nothing(stars, final):
    assert final.rows("fct_viewing_sessions")
    assert stars["repeated"].contents() == final.contents()


def test_incremental_builds_give_the_same_rows_as_a_full_refresh(stars, final):
    assert len(final.rows("fct_viewing_sessions")) == 20
    assert stars["rebuilt"].contents(STAMPS) == final.contents(STAMPS)
