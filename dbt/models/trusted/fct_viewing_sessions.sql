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
            -- Of the load that this run saw: one that came meanwhile is the next run's.
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
        -- Strictly newer is enough: a load has one stamp, and is visible whole or not at all.
        -- A changed user brings all sessions along: some now belong to another version.
        -- Conditions as plain as these are checked inside the view, before it computes any key.
        where
            viewing_sessions.loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
            or viewing_sessions.user_loaded_at
            > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})
    {% endif %}

)

select * from final
