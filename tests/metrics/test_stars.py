"""The stars have what makes numbers wrong: a test on a star without traps proves nothing."""

import pytest

TRAPS = {
    "users with sessions in two versions": """
        select count(*) from (select user_id from trusted.fct_viewing_sessions where user_id is not null
        group by user_id having count(distinct user_key) > 1) as changed
    """,
    "users with two versions in one month": """
        select count(*) from (select user_id from trusted.fct_viewing_sessions where user_id is not null
        group by user_id, date_trunc('month', watch_date) having count(distinct user_key) > 1) as changed
    """,
    "users who left": "select count(*) from trusted.dim_users where is_latest and not is_current",
    "inferred users": "select count(*) from trusted.dim_users where is_inferred",
    "users without a date": "select count(*) from trusted.dim_users where registration_date is null",
    "inferred titles": "select count(*) from trusted.dim_content where is_inferred",
    "sessions of nobody": "select count(*) from trusted.fct_viewing_sessions where user_id is null",
    "sessions of no title": "select count(*) from trusted.fct_viewing_sessions where content_key = -1",
    "sessions on no device": "select count(*) from trusted.fct_viewing_sessions where device_key = -1",
    "watched titles without budget": """
        select count(distinct content_key) from trusted.fct_viewing_sessions
        inner join trusted.dim_content using (content_key) where production_budget is null and not is_inferred
    """,
    "titles of one name": """
        select count(*) from (select title from trusted.dim_content where title != 'Unknown'
        group by title having count(*) > 1) as shared
    """,
    "titles with three genres": """
        select count(*) from (select content_key from trusted.bridge_content_genres
        group by content_key having count(*) > 2) as many
    """,
    "titles without a genre": """
        select count(*) from trusted.bridge_content_genres where genre_key = -1 and content_key != -1
    """,
    "sessions shown as 90 percent that are not completed": """
        select count(*) from trusted.fct_viewing_sessions
        where completion_percentage = 90 and not is_completed
    """,
    "months without sessions": "select count(*) from trusted.mart_monthly_engagement where sessions = 0",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_the_small_star_has_every_trap(small, trap):
    small.execute(TRAPS[trap])
    assert small.fetchone()[0] > 0
