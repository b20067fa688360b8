"""Which tables a compiled question reads, and that values of people are never part of its text."""

import pytest

from include.metrics import Definitions, ask_for, compile_question, read_definitions


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.mark.parametrize(
    ("metrics", "by", "where", "tables"),
    [
        ("sessions,watch_hours", "", "", {"mart_daily_engagement"}),
        ("sessions,active_users", "day", "", {"mart_daily_engagement"}),
        ("sessions,active_users", "week", "", {"mart_weekly_engagement"}),
        ("active_users", "month", "", {"mart_monthly_engagement"}),
        ("active_users", "", "month=2024-08", {"mart_monthly_engagement"}),
        ("active_users", "country", "", {"mart_country_engagement"}),
        ("active_users,watch_hours", "month", "", {"mart_daily_engagement", "mart_monthly_engagement"}),
        ("watch_hours,completion_rate", "plan,quarter", "device=Mobile", {"mart_monthly_viewing"}),
        ("smart_tv_share,uhd_share", "country", "year=2024", {"mart_monthly_viewing"}),
        ("watch_hours", "title", "", {"mart_monthly_content_viewing"}),
        ("sessions_growth", "month", "", {"mart_daily_engagement"}),
        ("watch_hours_month_to_date", "day", "", {"mart_daily_engagement"}),
        ("new_users", "month", "", {"mart_daily_engagement"}),
        ("genre_sessions,genre_completion_rate", "genre", "", {"mart_genre_performance"}),
        ("sessions", "day,country", "", {"fct_viewing_sessions"}),
        ("sessions", "month", "day>=2024-08-15, country=Chile", {"fct_viewing_sessions"}),
        ("active_users", "", "", {"mart_user_engagement"}),
        ("sessions_per_user", "", "", {"mart_daily_engagement", "mart_user_engagement"}),
        ("active_users", "plan", "", {"fct_viewing_sessions"}),
        ("active_users", "quarter", "", {"fct_viewing_sessions"}),
        ("active_users", "country", "month=2024-08", {"fct_viewing_sessions"}),
        ("active_users", "month", "plan=Basic", {"fct_viewing_sessions"}),
        ("sessions,p90_session_minutes", "month", "", {"fct_viewing_sessions"}),
        ("cost_per_watched_hour", "", "", {"dim_content", "mart_monthly_content_viewing"}),
    ],
)  # fmt: skip
def test_a_question_is_answered_from_a_mart_where_one_suffices(definitions, metrics, by, where, tables):
    assert set(compile_question(definitions, ask_for(metrics, by, where)).tables) == tables


def test_values_are_parameters_and_no_part_of_the_query(definitions):
    hostile = "'; drop table trusted.dim_users; --"
    query = compile_question(
        definitions, ask_for("sessions", "", "country='''; drop table trusted.dim_users; --'")
    )
    assert hostile in query.parameters.values()
    assert "drop" not in query.sql


def test_conditions_on_periods_leave_the_date_alone_so_that_an_index_serves_them(definitions):
    query = compile_question(definitions, ask_for("p90_session_minutes", "", "month=2024-08"))
    assert "viewing_sessions.day >= %(value_1_1)s and viewing_sessions.day < %(value_1_2)s" in query.sql
    assert list(map(str, query.parameters.values())) == ["2024-08-01", "2024-09-01"]


def test_a_metric_against_the_month_before_asks_for_that_month(definitions):
    query = compile_question(definitions, ask_for("sessions_growth", "", "month=2024-03"))
    assert [str(value) for value in query.parameters.values()] == [
        "2024-03-01", "2024-04-01", "2024-02-01", "2024-03-01",
    ]  # fmt: skip
