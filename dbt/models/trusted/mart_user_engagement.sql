with users as (

    select
        *,
        -- The unknown member is not the user with the same id.
        user_key = -1 as is_unknown_user
    from {{ ref('dim_users') }}

),

-- Versions of a user share no day, so their days add up; only titles are counted again.
earlier_totals as (

    select
        earlier.user_id,
        sum(version_totals.sessions) as sessions,
        sum(version_totals.active_days) as active_days,
        sum(version_totals.watch_minutes) as watch_minutes,
        sum(version_totals.completed_sessions) as completed_sessions,
        min(version_totals.first_watch_date) as first_watch_date,
        max(version_totals.last_watch_date) as last_watch_date
    from {{ ref('dim_users') }} as earlier
    inner join {{ ref('tot_user_versions') }} as version_totals
        on earlier.user_key = version_totals.user_key
    where not earlier.is_latest
    group by earlier.user_id

),

titles_of_changed_users as (

    select
        users.user_id,
        count(distinct viewing_sessions.content_key) as titles_watched
    from {{ ref('dim_users') }} as users
    inner join {{ ref('fct_viewing_sessions') }} as viewing_sessions
        on users.user_key = viewing_sessions.user_key
    where
        users.user_id in (select earlier_totals.user_id from earlier_totals)
        and users.user_key != -1
    group by users.user_id

),

counted as (

    select
        users.*,
        cast(
            coalesce(version_totals.sessions, 0) + coalesce(earlier_totals.sessions, 0) as bigint
        ) as sessions,
        cast(
            coalesce(version_totals.active_days, 0) + coalesce(earlier_totals.active_days, 0)
            as bigint
        ) as active_days,
        coalesce(
            titles_of_changed_users.titles_watched, version_totals.titles_watched, 0
        ) as titles_watched,
        cast(
            coalesce(version_totals.watch_minutes, 0) + coalesce(earlier_totals.watch_minutes, 0)
            as numeric(18, 2)
        ) as watch_minutes,
        cast(
            coalesce(version_totals.completed_sessions, 0)
            + coalesce(earlier_totals.completed_sessions, 0)
            as bigint
        ) as completed_sessions,
        coalesce(
            earlier_totals.first_watch_date, version_totals.first_watch_date
        ) as first_watch_date,
        coalesce(version_totals.last_watch_date, earlier_totals.last_watch_date) as last_watch_date
    from users
    left join {{ ref('tot_user_versions') }} as version_totals
        on users.user_key = version_totals.user_key
    left join earlier_totals
        on
            users.user_id = earlier_totals.user_id
            and not users.is_unknown_user
    left join titles_of_changed_users
        on
            users.user_id = titles_of_changed_users.user_id
            and not users.is_unknown_user
    where users.is_latest

)

select
    user_key,
    user_id,
    age_band,
    country,
    subscription_type,
    registration_date,
    is_current,
    is_inferred,
    sessions,
    active_days,
    titles_watched,
    watch_minutes,
    cast(watch_minutes / 60 as numeric(12, 2)) as watch_hours,
    completed_sessions,
    cast(
        cast(completed_sessions as numeric(18, 4)) / nullif(sessions, 0) as numeric(5, 4)
    ) as completion_rate,
    cast(watch_minutes / nullif(sessions, 0) as numeric(10, 2)) as average_session_minutes,
    first_watch_date,
    last_watch_date
from counted
