"""The stars have what makes numbers wrong: a test on a star without traps proves nothing."""

import pytest

TITLES = """
select count(*) from trusted.dim_content where content_key != -1 and {} exists (
select from trusted.fct_viewing_sessions as sessions where sessions.content_key = dim_content.content_key)
"""
WATCHED, UNWATCHED = TITLES.format(""), TITLES.format("not")
GENRES = "select count(*) from (select content_key from trusted.bridge_content_genres group by content_key"
TRAPS = {
    "users with sessions in two versions": """
        select count(*) from (select user_id from trusted.fct_viewing_sessions where user_id is not null
        group by user_id having count(distinct user_key) > 1) as changed
    """,
    "users with two versions in one month": """
        select count(*) from (select user_id from trusted.fct_viewing_sessions where user_id is not null
        group by user_id, date_trunc('month', watch_date) having count(distinct user_key) > 1) as changed
    """,
    "users with two countries and one plan": """
        select count(*) from (select user_id from trusted.dim_users group by user_id
        having count(distinct country) > 1 and count(distinct subscription_type) = 1) as moved
    """,
    "users with two plans and one country": """
        select count(*) from (select user_id from trusted.dim_users group by user_id
        having count(distinct country) = 1 and count(distinct subscription_type) > 1) as changed
    """,
    "users who left": "select count(*) from trusted.dim_users where is_latest and not is_current",
    "users who left and had sessions": """
        select count(*) from trusted.fct_viewing_sessions inner join trusted.dim_users using (user_key)
        where is_latest and not is_current
    """,
    "users who never watched": """
        select count(*) from trusted.dim_users where is_current and user_key != -1 and not exists (
        select from trusted.fct_viewing_sessions as sessions where sessions.user_id = dim_users.user_id)
    """,
    "inferred users": "select count(*) from trusted.dim_users where is_inferred",
    "a user who is called as the unknown one": """
        select count(*) from trusted.fct_viewing_sessions where user_id = 'Unknown' and user_key != -1
    """,
    "users without a date": """
        select count(*) from trusted.dim_users
        where registration_date is null and not is_inferred and user_key != -1
    """,
    "users without country, plan and age": """
        select count(*) from trusted.dim_users where country = 'Unknown' and subscription_type = 'Unknown'
        and age_band = 'Unknown' and not is_inferred and user_key != -1
    """,
    "sessions of nobody": "select count(*) from trusted.fct_viewing_sessions where user_key = -1",
    "sessions of no title": "select count(*) from trusted.fct_viewing_sessions where content_key = -1",
    "sessions on no device": "select count(*) from trusted.fct_viewing_sessions where device_key = -1",
    "sessions in no quality": """
        select count(*) from trusted.fct_viewing_sessions where quality_level_key = -1
    """,
    "inferred titles": "select count(*) from trusted.dim_content where is_inferred",
    "watched titles without budget": f"{WATCHED} and production_budget is null and not is_inferred",
    "unwatched titles with budget": f"{UNWATCHED} and production_budget > 0",
    "unwatched titles without budget": f"{UNWATCHED} and production_budget is null",
    "watched titles that left the catalogue": f"{WATCHED} and not is_available and not is_inferred",
    "titles with budget that were watched for no minute": """
        select count(*) from (select content_key from trusted.fct_viewing_sessions
        inner join trusted.dim_content using (content_key) where production_budget > 0
        group by content_key having sum(watch_duration_minutes) = 0) as opened
    """,
    "titles of one name": """
        select count(*) from (select title from trusted.dim_content where title != 'Unknown'
        group by title having count(*) > 1) as shared
    """,
    "titles without a name": """
        select count(*) from trusted.dim_content where title = 'Unknown' and is_available
    """,
    "titles with one genre": f"{GENRES} having count(*) = 1 and min(genre_key) != -1) as counted",
    "titles with two genres": f"{GENRES} having count(*) = 2) as counted",
    "titles with three genres": f"{GENRES} having count(*) = 3) as counted",
    "titles without a genre": f"{GENRES} having min(genre_key) = -1 and content_key != -1) as counted",
    "sessions shown as 90 percent that are not completed": """
        select count(*) from trusted.fct_viewing_sessions
        where completion_percentage = 90 and not is_completed
    """,
    "sessions of 90 percent that are completed": """
        select count(*) from trusted.fct_viewing_sessions where completion_percentage = 90 and is_completed
    """,
    "days without sessions": "select count(*) from trusted.mart_daily_engagement where sessions = 0",
    "days without sessions on which people registered": """
        select count(*) from trusted.mart_daily_engagement where sessions = 0 and new_users > 0
    """,
    "months without sessions": "select count(*) from trusted.mart_monthly_engagement where sessions = 0",
    "weeks with sessions in two years": """
        select count(*) from (select week_start_date from trusted.fct_viewing_sessions
        inner join trusted.dim_dates using (date_key)
        group by week_start_date having count(distinct year) > 1) as weeks
    """,
    "months of which cohorts lost everybody": """
        select count(*) from trusted.mart_cohort_retention
        where months_since_registration > 0 and active_users = 0
    """,
}


@pytest.mark.parametrize("trap", TRAPS)
def test_the_small_star_has_every_trap(small, trap):
    small.execute(TRAPS[trap])
    assert small.fetchone()[0] > 0
