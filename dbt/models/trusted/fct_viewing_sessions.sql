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
        -- Strictly newer is enough: a load has one stamp, and is visible whole or not at all.
        -- A changed user brings all sessions along: some now belong to another version.
        -- Conditions as plain as these are checked inside the view, before it computes any key.
        where
            loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
            or user_loaded_at > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})
    {% endif %}

)

select * from final
