{# Incremental, because sessions only grow. A unique index takes the place of a primary key: dbt
   makes indexes after the rows are in, and keys before. on_schema_change fails: a column appended
   to old rows would be null there, unlike after a rebuild. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='session_id',
        on_schema_change='fail',
        pre_hook="{{ delete_removed_sessions() }}",
        indexes=[
            {'columns': ['session_id'], 'unique': true},
            {'columns': ['user_key']},
            {'columns': ['content_key']},
            {'columns': ['date_key']},
            {'columns': ['watch_date']},
        ]
    )
}}

{#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
{% set users_versioned = ref('int_users_versioned') %}

with viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_keyed') }}

),

{% if is_incremental() %}
    -- They bring all their sessions along: some now belong to another version.
    changed_users as (

        select user_id
        from {{ users_versioned }}
        where user_loaded_at > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})

    ),
{% endif %}

final as (

    select
        session_id,
        user_key,
        content_key,
        date_key,
        device_key,
        quality_level_key,
        watch_date,
        watch_duration_minutes,
        completion_percentage,
        is_completed,
        loaded_at as _loaded_at,
        user_loaded_at as _user_loaded_at
    from viewing_sessions
    {% if is_incremental() %}
        -- Strictly newer is enough: a load has one stamp, and is visible whole or not at all.
        where
            loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
            or user_id in (select user_id from changed_users)
    {% endif %}

)

select * from final
