{# Incremental, because sessions accumulate. A unique index instead of a primary key: dbt creates
   indexes after it has written the rows, and keys before. on_schema_change fails, because a new
   column would be null in old rows, unlike after a full refresh. The marts count users and titles
   in the order of the second and third index, without reading the table or sorting. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='session_id',
        on_schema_change='fail',
        pre_hook=["{{ see_one_state() }}", "{{ delete_removed_sessions() }}"],
        indexes=[
            {'columns': ['session_id'], 'unique': true},
            {'columns': [
                'user_key', 'watch_date', 'content_key', 'watch_duration_minutes', 'is_completed',
            ]},
            {'columns': ['content_key', 'user_key', 'watch_date']},
            {'columns': ['date_key']},
            {'columns': ['watch_date']},
            {'columns': ['_loaded_at']},
            {'columns': ['_user_loaded_at']},
        ]
    )
}}

{#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
{%- set user_versions = ref('int_users_versioned') -%}

with viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_keyed') }}

),

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
        -- Strictly newer is enough: rows of a load share a timestamp and become visible together.
        -- All sessions of a changed user, because some of them now belong to another version; most
        -- do not and are not written again.
        where
            (
                loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
                or user_id in (
                    select changed.user_id
                    from {{ user_versions }} as changed
                    where
                        changed.user_loaded_at
                        > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})
                )
            )
            and not exists (
                select 1
                from {{ this }} as written
                where
                    written.session_id = viewing_sessions.session_id
                    and written.user_key = viewing_sessions.user_key
                    and written._loaded_at = viewing_sessions.loaded_at
            )
    {% endif %}

)

select * from final
