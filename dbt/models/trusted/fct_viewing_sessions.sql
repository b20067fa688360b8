{# Incremental, because sessions accumulate. A unique index instead of a primary key: dbt creates
   indexes after it has written the rows, and keys before. on_schema_change fails, because a new
   column would be null in old rows, unlike after a full refresh. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='session_id',
        on_schema_change='fail',
        pre_hook="{{ delete_removed_sessions() }}",
        indexes=[
            {'columns': ['session_id'], 'unique': true},
            {'columns': ['user_key', 'watch_date', 'content_key']},
            {'columns': ['content_key', 'watch_date']},
            {'columns': ['date_key']},
            {'columns': ['watch_date']},
            {'columns': ['_loaded_at']},
            {'columns': ['_user_loaded_at']},
        ]
    )
}}

{%- set taken_over = ref('chg_sessions') -%}
{%- set session_ids = sessions_to_write() -%}

with viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_keyed') }}
    {%- if carries_forward() %}
        where {{ is_one_of('session_id', session_ids) }}
    {%- endif %}

),

final as (

    select
        viewing_sessions.session_id,
        viewing_sessions.user_key,
        viewing_sessions.content_key,
        viewing_sessions.date_key,
        viewing_sessions.device_key,
        viewing_sessions.quality_level_key,
        viewing_sessions.watch_date,
        viewing_sessions.watch_duration_minutes,
        viewing_sessions.completion_percentage,
        viewing_sessions.is_completed,
        {% if carries_forward() -%}
            -- The load that this run saw: a load that committed since then belongs to the next run.
            taken_over.loaded_at as _loaded_at,
        {%- else -%}
            viewing_sessions.loaded_at as _loaded_at,
        {%- endif %}
        viewing_sessions.user_loaded_at as _user_loaded_at
    from viewing_sessions
    {% if carries_forward() %}
        inner join {{ taken_over }} as taken_over
            on viewing_sessions.session_id = taken_over.session_id
    {% elif is_incremental() %}
        -- Strictly newer is enough: rows of a load share a timestamp and become visible together.
        -- All sessions of a changed user, because some of them now belong to another version.
        -- PostgreSQL applies these plain conditions inside the view, before it computes any key.
        where
            viewing_sessions.loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
            or viewing_sessions.user_loaded_at
            > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})
    {% endif %}

)

select * from final
