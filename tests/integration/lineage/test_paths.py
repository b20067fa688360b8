"""Where columns of the real star come from: known paths, and those that lead nowhere."""

import pytest

from include.lineage import Edges, upstream

USERS, SESSIONS = "raw.postgres_users", "raw.postgres_viewing_sessions"
MOVIES, SERIES = "raw.mongo_movies", "raw.mongo_series"
# Columns of the star that no column of raw leads to, by what they are made from instead.
GENERATED = {
    "days that dim_dates generates": {
        *(
            f"dim_dates.{name}"
            for name in (
                "date", "date_key", "day_name", "day_of_week", "is_weekend", "iso_year", "month",
                "month_name", "month_start_date", "quarter", "week", "week_start_date", "year",
            )
        ),
        "mart_daily_engagement.date", "mart_daily_engagement.date_key",
        "mart_weekly_engagement.week_start_date", "mart_weekly_engagement.week_end_date",
        "mart_weekly_engagement.is_complete",
        "mart_monthly_engagement.month_start_date", "mart_monthly_engagement.month_end_date",
        "mart_monthly_engagement.is_complete",
        "mart_monthly_plan_mix.month_start_date", "mart_device_quality_mix.month_start_date",
        "mart_cohort_retention.month_start_date", "mart_cohort_retention.is_complete",
    },
    "a constant of each branch of a union": {
        "dim_content.content_type", "mart_content_performance.content_type",
        "dim_content.is_inferred", "mart_content_performance.is_inferred",
        "dim_users.is_inferred", "mart_user_engagement.is_inferred",
    },
    "what the platform logs of itself, in ops": {
        *(
            f"data_events.{name}" for name in ("as_of", "first_day", "kind", "last_day", "rows", "what")
        ),
        *(
            f"data_freshness.{name}"
            for name in (
                "complete_through", "last_loaded_at", "last_run_as_of", "published_at", "rejected_rows",
                "star_as_of", "version",
            )
        ),
        *(
            f"streaming_freshness.{name}"
            for name in ("complete_through", "newest_event_at", "waiting_messages")
        ),
        *(
            f"streaming_windows.{name}"
            for name in (
                "average_streams", "minutes", "quality_drops", "rebuffer_seconds", "rebuffers", "updated_at",
                "viewers", "window_end", "window_start",
            )
        ),
    },
}  # fmt: skip
# Column of the star -> columns of raw -> columns of the files.
PATHS = {
    "dim_users.age_band": ({f"{USERS}.age"}, {"users.csv:age"}),
    "dim_users.valid_from": (
        {f"{USERS}._as_of", f"{USERS}.registration_date"},
        {"users.csv:registration_date"},
    ),
    "dim_users.user_id": (
        {f"{USERS}.user_id", f"{SESSIONS}.user_id"},
        {"users.csv:user_id", "viewing_sessions.csv:user_id"},
    ),
    "dim_content.total_episodes": (
        {"raw.mongo_series_seasons.episodes"},
        {"content.json:series.episodes_per_season[]"},
    ),
    "dim_content.catalogue_views": (
        {f"{MOVIES}.views_count", f"{SERIES}.total_views"},
        {"content.json:movies.views_count", "content.json:series.total_views"},
    ),
    "dim_content.is_available": ({f"{MOVIES}._deleted_at", f"{SERIES}._deleted_at"}, set()),
    "dim_content_history.valid_to": ({f"{MOVIES}._as_of", f"{SERIES}._as_of"}, set()),
    "dim_quality_levels.resolution_rank": (
        {f"{SESSIONS}.quality_level"},
        {"viewing_sessions.csv:quality_level"},
    ),
    "bridge_content_genres.weight": (
        {"raw.mongo_content_genres.position", f"{MOVIES}.*", f"{SERIES}.*"},
        {
            "content.json:movies.*",
            "content.json:movies.genre[]",
            "content.json:series.*",
            "content.json:series.genre[]",
        },
    ),
    "fct_viewing_sessions.is_completed": (
        {f"{SESSIONS}.completion_percentage"},
        {"viewing_sessions.csv:completion_percentage"},
    ),
    "fct_viewing_sessions.user_key": (
        {f"{SESSIONS}.user_id", f"{USERS}.user_id", f"{USERS}._as_of"},
        {"viewing_sessions.csv:user_id", "users.csv:user_id"},
    ),
    "fct_viewing_sessions._loaded_at": ({f"{SESSIONS}._loaded_at"}, set()),
    "mart_daily_engagement.sessions": ({f"{SESSIONS}.*"}, {"viewing_sessions.csv:*"}),
    "mart_user_engagement.titles_watched": (
        {f"{SESSIONS}.content_id"},
        {"viewing_sessions.csv:content_id"},
    ),
    "mart_content_performance.cost_per_watched_hour": (
        {f"{MOVIES}.production_budget", f"{SERIES}.production_budget", f"{SESSIONS}.watch_duration_minutes"},
        {
            "content.json:movies.production_budget",
            "content.json:series.production_budget",
            "viewing_sessions.csv:watch_duration_minutes",
        },
    ),
}


def test_every_column_leads_to_raw_but_for_those_that_are_generated(edges: Edges, star: set[str]):
    without = {
        column.removeprefix("trusted.")
        for column in star
        if not any(one.startswith("raw.") for one in upstream(edges, column))
    }
    assert without == set().union(*GENERATED.values())


@pytest.mark.parametrize("column", PATHS)
def test_known_columns_lead_to_raw_and_to_the_files(edges: Edges, column: str):
    found = upstream(edges, f"trusted.{column}")
    from_raw, from_files = PATHS[column]
    assert {one for one in found if one.startswith("raw.")} == from_raw
    assert {one for one in found if ":" in one} == from_files


def test_a_path_has_every_model_between(edges: Edges):
    assert upstream(edges, "trusted.mart_user_engagement.age_band") == {
        "trusted.dim_users.age_band",
        "intermediate.int_users_versioned.age",
        "snapshots.users_snapshot.age",
        "staging.stg_postgres__users.age",
        "raw.postgres_users.age",
        "source.users.age",
        "users.csv:age",
    }
