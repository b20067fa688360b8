with users as (

    select * from {{ ref('dim_users') }}
    where is_latest

),

daily_sessions as (

    select
        watch_date,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(sessions_of_users) as bigint) as sessions_of_users,
        cast(sum(first_of_day) as bigint) as active_users,
        cast(sum(watch_minutes) as numeric(18, 2)) as watch_minutes,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from {{ ref('tot_daily_cohorts') }}
    group by watch_date

),

daily_registrations as (

    select
        registration_date,
        count(*) as new_users
    from users
    where registration_date is not null
    group by registration_date

),

activity as (

    select
        min(activity_date) as first_date,
        max(activity_date) as last_date
    from (
        select watch_date as activity_date
        from daily_sessions

        union all

        select registration_date as activity_date
        from daily_registrations
    ) as activity_dates

)

select
    dates.date_key,
    dates.date,
    coalesce(daily_sessions.sessions, 0) as sessions,
    coalesce(daily_sessions.sessions_of_users, 0) as sessions_of_users,
    coalesce(daily_sessions.active_users, 0) as active_users,
    coalesce(daily_registrations.new_users, 0) as new_users,
    coalesce(daily_sessions.watch_minutes, 0) as watch_minutes,
    cast(coalesce(daily_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
    coalesce(daily_sessions.completed_sessions, 0) as completed_sessions,
    cast(
        cast(daily_sessions.completed_sessions as numeric(18, 4)) / daily_sessions.sessions
        as numeric(5, 4)
    ) as completion_rate,
    cast(
        daily_sessions.watch_minutes / daily_sessions.sessions as numeric(10, 2)
    ) as average_session_minutes
from {{ ref('dim_dates') }} as dates
cross join activity
left join daily_sessions on dates.date = daily_sessions.watch_date
left join daily_registrations on dates.date = daily_registrations.registration_date
where dates.date between activity.first_date and activity.last_date
