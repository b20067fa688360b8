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
        pre_hook=[
            "{{ see_one_state() }}",
            "{{ touch_months_of_sessions() }}",
            "{{ delete_removed_sessions() }}",
        ],
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

{#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
{%- set session_ids = sessions_to_write() -%}

select
    session_id,
    user_key,
    user_id,
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
from {{ ref('int_viewing_sessions_keyed') }}
{% if is_incremental() %}
    where {{ is_one_of('session_id', session_ids) }}
{% endif %}
