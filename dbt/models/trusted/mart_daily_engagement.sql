with viewing as (

    {{ viewing_to_count('changes.watch_date = viewing_now.watch_date') }}

),

users as (

    select * from {{ ref('dim_users') }}
    where is_latest

),

dates as (

    select * from {{ ref('dim_dates') }}

),

-- A user has one version on a date, so the number of versions on a day is the number of users.
user_days as (

    select
        watch_date,
        user_key,
        {{ users_to_add() }} as active_users,
        sum(change) as sessions,
        sum(change * watch_duration_minutes) as watch_minutes,
        sum(case when is_completed then change else 0 end) as completed_sessions
    from viewing
    group by watch_date, user_key

),

counted as (

    select
        watch_date,
        sum(sessions) as sessions,
        sum(case when user_key = -1 then 0 else sessions end) as sessions_of_users,
        sum(case when user_key = -1 then 0 else active_users end) as active_users,
        sum(watch_minutes) as watch_minutes,
        sum(completed_sessions) as completed_sessions
    from user_days
    group by watch_date

    {% if carries_forward() -%}
        union all

        select
            date as watch_date,
            sessions,
            sessions_of_users,
            active_users,
            watch_minutes,
            completed_sessions
        from {{ this }}
    {%- endif %}

),

daily_sessions as (

    select
        watch_date,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(sessions_of_users) as bigint) as sessions_of_users,
        cast(sum(active_users) as bigint) as active_users,
        cast(sum(watch_minutes) as numeric(18, 2)) as watch_minutes,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from counted
    group by watch_date
    having sum(sessions) > 0

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

),

final as (

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
    from dates
    cross join activity
    left join daily_sessions on dates.date = daily_sessions.watch_date
    left join daily_registrations on dates.date = daily_registrations.registration_date
    where dates.date between activity.first_date and activity.last_date

)

select * from final
