{# The sessions that the fact takes over in a run that carries forward; else empty. #}
{%- set built_sessions = source('built_star', 'fct_viewing_sessions') -%}
{%- set built_users = source('built_star', 'dim_users') -%}
{%- set columns_before = {
    'user_key': 'bigint', 'user_id': type_string(), 'is_unknown_user': 'boolean',
    'cohort_start_date': 'date', 'country': type_string(), 'subscription_type': type_string(),
    'content_key': 'bigint', 'device_key': 'bigint', 'quality_level_key': 'bigint',
    'date_key': 'integer', 'watch_date': 'date', 'watch_duration_minutes': 'numeric(10, 2)',
    'completion_percentage': 'numeric(5, 2)', 'is_completed': 'boolean',
} -%}
{%- set nothing_before = [] -%}
{%- for name, type in columns_before.items() -%}
    {%- do nothing_before.append('cast(null as ' ~ type ~ ') as ' ~ name) -%}
{%- endfor -%}

with viewing_sessions as (

    select * from {{ ref('stg_postgres__viewing_sessions') }}

),

users_snapshot as (

    select * from {{ ref('users_snapshot') }}

),

{% if carries_forward() %}
    -- Strictly newer is enough: rows of a load share a timestamp and become visible together.
    changed_users as (

        select distinct user_id
        from users_snapshot
        where loaded_at > (select {{ latest_stamp('_user_loaded_at') }} from {{ built_sessions }})

    ),

    changed_versions as (

        select user_key
        from {{ built_users }}
        where
            user_key != -1
            and user_id in (select changed_users.user_id from changed_users)

    ),

    changed_sessions as (

        select
            session_id,
            user_id,
            is_deleted,
            loaded_at
        from viewing_sessions
        where loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ built_sessions }})

    ),

    -- All sessions of a changed user, because some of them now belong to another version.
    sessions_before as (

        {{ sessions_with_users(built_sessions, built_users) }}
        where
            {{ is_one_of('session_id', 'select session_id from changed_sessions') }}
            or {{ is_one_of('viewing_sessions.user_key', 'select user_key from changed_versions') }}

    ),

    final as (

        select
            coalesce(changed_sessions.session_id, sessions_before.session_id) as session_id,
            coalesce(changed_sessions.is_deleted, false) as is_deleted,
            changed_sessions.session_id is not null as is_changed,
            coalesce(changed_sessions.loaded_at, sessions_before.loaded_at) as loaded_at,
            changed_sessions.user_id as loaded_user_id,
            sessions_before.{{ columns_before | join(', sessions_before.') }}
        from changed_sessions
        full outer join sessions_before
            on changed_sessions.session_id = sessions_before.session_id

    )
{% else %}
    final as (

        select
            session_id,
            is_deleted,
            is_deleted as is_changed,
            loaded_at,
            user_id as loaded_user_id,
            {{ nothing_before | join(', ') }}
        from viewing_sessions
        where false

    )
{% endif %}

select * from final
