{# First day of the calendar week (Monday) or month of a date. #}
{% macro period_start(period, date) -%}
    cast({{ date_trunc(period, date) }} as date)
{%- endmacro %}

{# Last day of the week or month that begins on the date. #}
{% macro period_end(period, start_date) -%}
    cast({{ dateadd('day', -1, dateadd(period, 1, start_date)) }} as date)
{%- endmacro %}

{# Engagement by week or month, in the same columns. Users are counted anew for each period: those
   of its days do not add up. #}
{% macro engagement_by_period(period) -%}
with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

daily_engagement as (

    select * from {{ ref('mart_daily_engagement') }}

),

-- By user first: counting distinct users in one go would sort all sessions.
user_periods as (

    select
        {{ period_start(period, 'viewing_sessions.watch_date') }} as period_start_date,
        users.user_id,
        users.user_key = -1 as is_unknown_user,
        count(*) as sessions,
        sum(viewing_sessions.watch_duration_minutes) as watch_minutes,
        sum(case when viewing_sessions.is_completed then 1 else 0 end) as completed_sessions
    from viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by
        {{ period_start(period, 'viewing_sessions.watch_date') }},
        users.user_id,
        users.user_key = -1

),

period_sessions as (

    select
        period_start_date,
        sum(sessions) as sessions,
        sum(case when is_unknown_user then 0 else 1 end) as active_users,
        sum(case when is_unknown_user then 0 else sessions end) as sessions_of_users,
        sum(watch_minutes) as watch_minutes,
        sum(completed_sessions) as completed_sessions
    from user_periods
    group by period_start_date

),

-- The days know which periods there are, those without sessions included.
periods as (

    select
        {{ period_start(period, 'date') }} as period_start_date,
        sum(new_users) as new_users
    from daily_engagement
    group by {{ period_start(period, 'date') }}

),

last_day as (

    select max(date) as last_date
    from daily_engagement

),

final as (

    select
        periods.period_start_date as {{ period }}_start_date,
        {{ period_end(period, 'periods.period_start_date') }} as {{ period }}_end_date,
        {{ period_end(period, 'periods.period_start_date') }} <= last_day.last_date as is_complete,
        cast(coalesce(period_sessions.sessions, 0) as bigint) as sessions,
        cast(coalesce(period_sessions.active_users, 0) as bigint) as active_users,
        cast(periods.new_users as bigint) as new_users,
        cast(
            cast(period_sessions.sessions_of_users as numeric(18, 4))
            / nullif(period_sessions.active_users, 0)
            as numeric(10, 2)
        ) as sessions_per_user,
        cast(coalesce(period_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
        cast(coalesce(period_sessions.completed_sessions, 0) as bigint) as completed_sessions,
        cast(
            cast(period_sessions.completed_sessions as numeric(18, 4)) / period_sessions.sessions
            as numeric(5, 4)
        ) as completion_rate
    from periods
    cross join last_day
    left join period_sessions on periods.period_start_date = period_sessions.period_start_date

)

select * from final
{%- endmacro %}
