{% set marts = [
    'mart_content_performance', 'mart_country_engagement', 'mart_daily_engagement',
    'mart_device_quality_mix', 'mart_genre_performance', 'mart_monthly_content_viewing',
    'mart_monthly_engagement', 'mart_monthly_viewing', 'mart_user_engagement',
    'mart_weekly_engagement',
] %}
{% set marts_in_minutes = ['mart_monthly_content_viewing', 'mart_monthly_viewing'] %}

-- Every mart adds up to the sessions and hours of the fact: no join lost or repeated a session, and
-- what a run carried forward has not drifted away.
with expected as (

    select
        count(*) as sessions,
        coalesce(sum(watch_duration_minutes), 0) / 60 as watch_hours
    from {{ ref('fct_viewing_sessions') }}

),

totals as (

    {% for mart in marts %}
        select
            '{{ mart }}' as model,
            -- Each row is rounded to a hundredth of an hour.
            0.005 * (count(*) + 1) as tolerance,
            coalesce(sum(mart.sessions), 0) as sessions,
            coalesce(
                sum(mart.{{ 'watch_minutes / 60' if mart in marts_in_minutes else 'watch_hours' }}),
                0
            ) as watch_hours,
            max(expected.sessions) as expected_sessions,
            max(expected.watch_hours) as expected_watch_hours
        from expected
        left join {{ ref(mart) }} as mart on true
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from totals
where
    sessions != expected_sessions
    or abs(watch_hours - expected_watch_hours) > tolerance
