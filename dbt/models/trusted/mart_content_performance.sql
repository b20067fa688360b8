with viewing as (

    {{ viewing_to_count('changes.content_key = viewing_now.content_key') }}

),

monthly_viewing as (

    select * from {{ ref('mart_monthly_content_viewing') }}

),

content as (

    select * from {{ ref('dim_content') }}

),

-- By viewer first, because count(distinct) would sort all sessions.
title_users as (

    select
        content_key,
        user_id,
        {{ users_to_add() }} as viewers
    from viewing
    where not is_unknown_user
    group by content_key, user_id

),

counted as (

    select
        content_key,
        sum(viewers) as viewers
    from title_users
    group by content_key

    {% if carries_forward() -%}
        union all

        select
            content_key,
            viewers
        from {{ this }}
    {%- endif %}

),

title_viewers as (

    select
        content_key,
        cast(sum(viewers) as bigint) as viewers
    from counted
    group by content_key

),

title_sessions as (

    select
        content_key,
        cast(sum(sessions) as bigint) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completion_percentages) as completion_percentages,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from monthly_viewing
    group by content_key

),

-- Each date is one lookup in an index.
watched_titles as (

    select
        content.content_key,
        (
            select min(viewing_sessions.watch_date)
            from {{ ref('fct_viewing_sessions') }} as viewing_sessions
            where viewing_sessions.content_key = content.content_key
        ) as first_watch_date,
        (
            select max(viewing_sessions.watch_date)
            from {{ ref('fct_viewing_sessions') }} as viewing_sessions
            where viewing_sessions.content_key = content.content_key
        ) as last_watch_date
    from content

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
        coalesce(title_sessions.sessions, 0) as sessions,
        coalesce(title_viewers.viewers, 0) as viewers,
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
        watched_titles.first_watch_date,
        watched_titles.last_watch_date,
        cast(
            content.production_budget * 60 / nullif(title_sessions.watch_minutes, 0)
            as numeric(22, 2)
        ) as cost_per_watched_hour
    from content
    inner join watched_titles on content.content_key = watched_titles.content_key
    left join title_sessions on content.content_key = title_sessions.content_key
    left join title_viewers on content.content_key = title_viewers.content_key

)

select * from final
