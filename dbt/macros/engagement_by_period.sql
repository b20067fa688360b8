{# First day of the calendar week (Monday) or month of a date. #}
{% macro period_start(period, date) -%}
    cast({{ date_trunc(period, date) }} as date)
{%- endmacro %}

{# Last day of the week or month that begins on the date. #}
{% macro period_end(period, start_date) -%}
    cast({{ dateadd('day', -1, dateadd(period, 1, start_date)) }} as date)
{%- endmacro %}

{# Engagement by `week` or `month`, in the same columns. Users are counted per period: a user who
   watches on two days of a week is one active user of the week, not two. #}
{% macro engagement_by_period(period) -%}
with period_users as (

    select
        {{ period_start(period, 'watch_date') }} as period_start_date,
        cast(sum(first_of_{{ period }}) as bigint) as active_users
    from {{ ref('tot_daily_cohorts') }}
    group by {{ period_start(period, 'watch_date') }}

),

-- Periods follow from the days, so periods without sessions are included.
periods as (

    select
        {{ period_start(period, 'date') }} as period_start_date,
        cast(sum(new_users) as bigint) as new_users,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(sessions_of_users) as bigint) as sessions_of_users,
        sum(watch_minutes) as watch_minutes,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from {{ ref('mart_daily_engagement') }}
    group by {{ period_start(period, 'date') }}

),

last_day as (

    select max(date) as last_date
    from {{ ref('mart_daily_engagement') }}

)

select
    periods.period_start_date as {{ period }}_start_date,
    {{ period_end(period, 'periods.period_start_date') }} as {{ period }}_end_date,
    {{ period_end(period, 'periods.period_start_date') }} <= last_day.last_date as is_complete,
    periods.sessions,
    coalesce(period_users.active_users, 0) as active_users,
    periods.new_users,
    cast(
        cast(periods.sessions_of_users as numeric(18, 4))
        / nullif(period_users.active_users, 0)
        as numeric(10, 2)
    ) as sessions_per_user,
    cast(periods.watch_minutes / 60 as numeric(12, 2)) as watch_hours,
    periods.completed_sessions,
    cast(
        cast(periods.completed_sessions as numeric(18, 4)) / nullif(periods.sessions, 0)
        as numeric(5, 4)
    ) as completion_rate
from periods
cross join last_day
left join period_users on periods.period_start_date = period_users.period_start_date
{%- endmacro %}
