{# Incremental, because a day changes few users. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='user_key',
        on_schema_change='fail',
        pre_hook="{{ delete_unless_carried() }}",
        post_hook="{{ delete_former_latest_versions() }}"
    )
}}

{%- set changed_users = ref('chg_users') -%}

with viewing as (

    {{ viewing_to_sum() }}

),

changes as (

    select
        user_id,
        is_unknown_user,
        sum(change) as sessions,
        sum(change * watch_duration_minutes) as watch_minutes,
        sum(case when is_completed then change else 0 end) as completed_sessions
    from viewing
    group by user_id, is_unknown_user

),

{% if carries_forward() -%}
    users_to_write as (

        select
            user_id,
            is_unknown_user
        from changes

        union

        select
            user_id,
            false as is_unknown_user
        from {{ changed_users }}

    ),
{%- endif %}

users as (

    select
        users.*,
        users.user_key = -1 as is_unknown_user
    from {{ ref('dim_users') }} as users
    {% if carries_forward() -%}
        inner join users_to_write
            on
                users.user_id = users_to_write.user_id
                and (users.user_key = -1) = users_to_write.is_unknown_user
    {%- endif %}

),

-- Distinct days and titles of changed users, counted in an index of the fact alone.
recounted as (

    select
        users.user_id,
        users.is_unknown_user,
        count(distinct viewing_sessions.watch_date) as active_days,
        count(distinct viewing_sessions.content_key) as titles_watched,
        min(viewing_sessions.watch_date) as first_watch_date,
        max(viewing_sessions.watch_date) as last_watch_date
    from {{ ref('fct_viewing_sessions') }} as viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by users.user_id, users.is_unknown_user

),

counted as (

    select
        users.*,
        {% if carries_forward() -%}
            coalesce(carried.sessions, 0) + coalesce(changes.sessions, 0) as sessions,
            coalesce(carried.watch_minutes, 0)
            + coalesce(changes.watch_minutes, 0) as watch_minutes,
            coalesce(carried.completed_sessions, 0)
            + coalesce(changes.completed_sessions, 0) as completed_sessions,
        {%- else -%}
            coalesce(changes.sessions, 0) as sessions,
            coalesce(changes.watch_minutes, 0) as watch_minutes,
            coalesce(changes.completed_sessions, 0) as completed_sessions,
        {%- endif %}
        coalesce(recounted.active_days, 0) as active_days,
        coalesce(recounted.titles_watched, 0) as titles_watched,
        recounted.first_watch_date,
        recounted.last_watch_date
    from users
    left join changes
        on
            users.user_id = changes.user_id
            and users.is_unknown_user = changes.is_unknown_user
    left join recounted
        on
            users.user_id = recounted.user_id
            and users.is_unknown_user = recounted.is_unknown_user
    {% if carries_forward() -%}
        left join {{ this }} as carried
            on
                users.user_id = carried.user_id
                and users.is_unknown_user = (carried.user_key = -1)
    {% endif -%}
    where users.is_latest

),

final as (

    select
        user_key,
        user_id,
        age_band,
        country,
        subscription_type,
        registration_date,
        is_current,
        is_inferred,
        cast(sessions as bigint) as sessions,
        active_days,
        titles_watched,
        cast(watch_minutes as numeric(18, 2)) as watch_minutes,
        cast(watch_minutes / 60 as numeric(12, 2)) as watch_hours,
        cast(completed_sessions as bigint) as completed_sessions,
        cast(
            cast(completed_sessions as numeric(18, 4)) / nullif(sessions, 0) as numeric(5, 4)
        ) as completion_rate,
        cast(watch_minutes / nullif(sessions, 0) as numeric(10, 2)) as average_session_minutes,
        first_watch_date,
        last_watch_date
    from counted

)

select * from final
