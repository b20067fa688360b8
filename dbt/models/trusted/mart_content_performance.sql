-- Read in the order of an index of the fact, in which all sessions of a title and a version of a
-- user stand together.
with title_versions as (

    select
        content_key,
        count(distinct user_key) as user_versions,
        max(case when user_key = -1 then 1 else 0 end) as unknown_users,
        min(watch_date) as first_watch_date,
        max(watch_date) as last_watch_date
    from {{ ref('fct_viewing_sessions') }}
    group by content_key

),

changed_users as (

    select
        user_key,
        user_id
    from {{ ref('dim_users') }}
    where
        user_key != -1
        and user_id in (
            select earlier.user_id
            from {{ ref('dim_users') }} as earlier
            where not earlier.is_latest
        )

),

-- A user who watched a title in three versions is one viewer: two versions repeat them.
repeated_viewers as (

    select
        content_key,
        sum(user_versions - 1) as repeats
    from (
        select
            viewing_sessions.content_key,
            changed_users.user_id,
            count(distinct viewing_sessions.user_key) as user_versions
        from {{ ref('fct_viewing_sessions') }} as viewing_sessions
        inner join changed_users on viewing_sessions.user_key = changed_users.user_key
        group by viewing_sessions.content_key, changed_users.user_id
    ) as changed_viewers
    group by content_key

),

title_sessions as (

    select
        content_key,
        cast(sum(sessions) as bigint) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completion_percentages) as completion_percentages,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from {{ ref('mart_monthly_content_viewing') }}
    group by content_key

)

select
    content.content_key,
    content.content_id,
    content.content_type,
    content.title,
    content.release_year,
    content.rating,
    content.catalogue_views,
    content.production_budget,
    content.is_available,
    content.is_inferred,
    coalesce(title_sessions.sessions, 0) as sessions,
    cast(
        coalesce(title_versions.user_versions - title_versions.unknown_users, 0)
        - coalesce(repeated_viewers.repeats, 0)
        as bigint
    ) as viewers,
    cast(coalesce(title_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
    coalesce(title_sessions.completed_sessions, 0) as completed_sessions,
    cast(
        cast(title_sessions.completed_sessions as numeric(18, 4)) / title_sessions.sessions
        as numeric(5, 4)
    ) as completion_rate,
    cast(
        title_sessions.completion_percentages / title_sessions.sessions as numeric(5, 2)
    ) as average_completion_percentage,
    cast(
        title_sessions.watch_minutes / title_sessions.sessions as numeric(10, 2)
    ) as average_session_minutes,
    title_versions.first_watch_date,
    title_versions.last_watch_date,
    cast(
        content.production_budget * 60 / nullif(title_sessions.watch_minutes, 0)
        as numeric(22, 2)
    ) as cost_per_watched_hour
from {{ ref('dim_content') }} as content
left join title_sessions on content.content_key = title_sessions.content_key
left join title_versions on content.content_key = title_versions.content_key
left join repeated_viewers on content.content_key = repeated_viewers.content_key
