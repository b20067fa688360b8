{# Name -> hours of a row. dbt needs the names when it parses, before it knows the models. #}
{# marts: written by make data-model #}
{% set marts = {
    'mart_content_performance': 'watch_hours',
    'mart_country_engagement': 'watch_hours',
    'mart_daily_engagement': 'watch_hours',
    'mart_device_quality_mix': 'watch_hours',
    'mart_genre_performance': 'watch_hours',
    'mart_monthly_content_viewing': 'watch_minutes / 60',
    'mart_monthly_engagement': 'watch_hours',
    'mart_monthly_viewing': 'watch_minutes / 60',
    'mart_user_engagement': 'watch_hours',
    'mart_weekly_engagement': 'watch_hours',
} %}
{# end of marts #}

-- The totals of every mart equal the sessions and hours of the fact: no join lost or repeated a
-- session.
with expected as (

    select
        count(*) as sessions,
        coalesce(sum(watch_duration_minutes), 0) / 60 as watch_hours
    from {{ ref('fct_viewing_sessions') }}

),

totals as (

    {% for name, hours in marts.items() %}
        select
            '{{ name }}' as model,
            -- Each row is rounded to 0.01 hours, so it is at most 0.005 off.
            0.005 * (count(*) + 1) as tolerance,
            coalesce(sum(mart.sessions), 0) as sessions,
            coalesce(sum(mart.{{ hours }}), 0) as watch_hours,
            max(expected.sessions) as expected_sessions,
            max(expected.watch_hours) as expected_watch_hours
        from expected
        left join {{ ref(name) }} as mart on true
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from totals
where
    sessions != expected_sessions
    or abs(watch_hours - expected_watch_hours) > tolerance
