with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

user_sessions as (

    select
        users.user_id,
        users.user_key = -1 as is_unknown,
        count(*) as sessions,
        count(distinct viewing_sessions.watch_date) as active_days,
        count(distinct viewing_sessions.content_key) as titles_watched,
        sum(viewing_sessions.watch_duration_minutes) as watch_minutes,
        sum(case when viewing_sessions.is_completed then 1 else 0 end) as completed_sessions,
        min(viewing_sessions.watch_date) as first_watch_date,
        max(viewing_sessions.watch_date) as last_watch_date
    from viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by users.user_id, users.user_key = -1

),

latest_versions as (

    select
        *,
        user_key = -1 as is_unknown,
        row_number() over (
            partition by user_id, user_key = -1
            order by valid_from desc
        ) as recency
    from users

),

final as (

    select
        latest_versions.user_key,
        latest_versions.user_id,
        latest_versions.age_band,
        latest_versions.country,
        latest_versions.subscription_type,
        latest_versions.registration_date,
        latest_versions.is_current,
        latest_versions.is_inferred,
        coalesce(user_sessions.sessions, 0) as sessions,
        coalesce(user_sessions.active_days, 0) as active_days,
        coalesce(user_sessions.titles_watched, 0) as titles_watched,
        cast(coalesce(user_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
        coalesce(user_sessions.completed_sessions, 0) as completed_sessions,
        cast(
            cast(user_sessions.completed_sessions as numeric(18, 4)) / user_sessions.sessions
            as numeric(5, 4)
        ) as completion_rate,
        cast(
            user_sessions.watch_minutes / user_sessions.sessions as numeric(10, 2)
        ) as average_session_minutes,
        user_sessions.first_watch_date,
        user_sessions.last_watch_date
    from latest_versions
    left join user_sessions
        on
            latest_versions.user_id = user_sessions.user_id
            and latest_versions.is_unknown = user_sessions.is_unknown
    where latest_versions.recency = 1

)

select * from final
