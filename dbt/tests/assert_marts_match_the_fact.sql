{% set marts = [
    'mart_cohort_retention', 'mart_content_performance', 'mart_country_engagement',
    'mart_daily_engagement', 'mart_device_quality_mix', 'mart_genre_performance',
    'mart_monthly_content_viewing', 'mart_monthly_engagement', 'mart_monthly_viewing',
    'mart_user_engagement', 'mart_weekly_engagement',
] %}
{% set marts_in_minutes = ['mart_monthly_content_viewing', 'mart_monthly_viewing'] %}

-- Every mart adds up to the sessions and hours of the fact: no join lost or repeated a session.
-- Cohorts hold what their users watched since the month of registration; the others hold all.
with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

user_versions as (

    select * from {{ ref('dim_users') }}

),

users as (

    select * from {{ ref('mart_user_engagement') }}

),

cohort_sessions as (

    select viewing_sessions.watch_duration_minutes
    from viewing_sessions
    inner join user_versions on viewing_sessions.user_key = user_versions.user_key
    inner join users on user_versions.user_id = users.user_id
    where
        user_versions.user_key != -1
        and users.user_key != -1
        and viewing_sessions.watch_date >= {{ period_start('month', 'users.registration_date') }}

),

expected as (

    select
        false as is_of_cohorts,
        count(*) as sessions,
        coalesce(sum(watch_duration_minutes), 0) / 60 as watch_hours
    from viewing_sessions

    union all

    select
        true as is_of_cohorts,
        count(*) as sessions,
        coalesce(sum(watch_duration_minutes), 0) / 60 as watch_hours
    from cohort_sessions

),

totals as (

    {% for mart in marts %}
        select
            '{{ mart }}' as model,
            {{ mart == 'mart_cohort_retention' }} as is_of_cohorts,
            -- Each row is rounded to a hundredth of an hour.
            0.005 * (count(*) + 1) as tolerance,
            coalesce(sum(sessions), 0) as sessions,
            coalesce(
                sum({{ 'watch_minutes / 60' if mart in marts_in_minutes else 'watch_hours' }}), 0
            ) as watch_hours
        from {{ ref(mart) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    totals.*,
    expected.sessions as expected_sessions,
    expected.watch_hours as expected_watch_hours
from totals
inner join expected on totals.is_of_cohorts = expected.is_of_cohorts
where
    totals.sessions != expected.sessions
    or abs(totals.watch_hours - expected.watch_hours) > totals.tolerance
