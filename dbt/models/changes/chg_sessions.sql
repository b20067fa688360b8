{# Empty unless the run carries forward: then the fact takes over just these sessions. #}
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
    -- Strictly newer is enough: a load has one stamp, and is visible whole or not at all.
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
            is_deleted,
            true as is_changed,
            loaded_at,
            user_id as loaded_user_id
        from viewing_sessions
        where loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ built_sessions }})

        union all

        -- A changed user brings all sessions along: some now belong to another version.
        select
            session_id,
            false as is_deleted,
            false as is_changed,
            _loaded_at as loaded_at,
            null as loaded_user_id
        from {{ built_sessions }}
        where {{ is_one_of('user_key', 'select user_key from changed_versions') }}

    ),

    taken_over as (

        select
            session_id,
            max(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
            max(case when is_changed then 1 else 0 end) = 1 as is_changed,
            max(loaded_at) as loaded_at,
            max(loaded_user_id) as loaded_user_id
        from changed_sessions
        group by session_id

    ),

    sessions_before as (

        {{ sessions_with_users(built_sessions, built_users) }}
        where {{ is_one_of('session_id', 'select session_id from taken_over') }}

    ),

    final as (

        select
            taken_over.session_id,
            taken_over.is_deleted,
            taken_over.is_changed,
            taken_over.loaded_at,
            taken_over.loaded_user_id,
            sessions_before.{{ columns_before | join(', sessions_before.') }}
        from taken_over
        left join sessions_before on taken_over.session_id = sessions_before.session_id

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
