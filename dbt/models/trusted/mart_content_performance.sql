with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

content as (

    select * from {{ ref('dim_content') }}

),

-- By viewer first: counting distinct viewers in one go would sort all sessions.
viewer_sessions as (

    select
        viewing_sessions.content_key,
        users.user_id,
        users.user_key = -1 as is_unknown_user,
        count(*) as sessions,
        sum(viewing_sessions.watch_duration_minutes) as watch_minutes,
        sum(viewing_sessions.completion_percentage) as completion_percentages,
        sum(case when viewing_sessions.is_completed then 1 else 0 end) as completed_sessions,
        min(viewing_sessions.watch_date) as first_watch_date,
        max(viewing_sessions.watch_date) as last_watch_date
    from viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by viewing_sessions.content_key, users.user_id, users.user_key = -1

),

content_sessions as (

    select
        content_key,
        sum(case when is_unknown_user then 0 else 1 end) as viewers,
        cast(sum(sessions) as bigint) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completion_percentages) as completion_percentages,
        cast(sum(completed_sessions) as bigint) as completed_sessions,
        min(first_watch_date) as first_watch_date,
        max(last_watch_date) as last_watch_date
    from viewer_sessions
    group by content_key

),

final as (

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
        coalesce(content_sessions.sessions, 0) as sessions,
        coalesce(content_sessions.viewers, 0) as viewers,
        cast(coalesce(content_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
        coalesce(content_sessions.completed_sessions, 0) as completed_sessions,
        cast(
            cast(content_sessions.completed_sessions as numeric(18, 4)) / content_sessions.sessions
            as numeric(5, 4)
        ) as completion_rate,
        cast(
            content_sessions.completion_percentages / content_sessions.sessions as numeric(5, 2)
        ) as average_completion_percentage,
        cast(
            content_sessions.watch_minutes / content_sessions.sessions as numeric(10, 2)
        ) as average_session_minutes,
        content_sessions.first_watch_date,
        content_sessions.last_watch_date,
        cast(
            content.production_budget * 60 / nullif(content_sessions.watch_minutes, 0)
            as numeric(22, 2)
        ) as cost_per_watched_hour
    from content
    left join content_sessions on content.content_key = content_sessions.content_key

)

select * from final
