select
    viewing_sessions.session_id,
    case
        when viewing_sessions.user_id is null then cast(-1 as bigint)
        when user_versions.user_key is not null then user_versions.user_key
        -- The user has not arrived yet: the key that their first version will have.
        else {{ surrogate_key(['viewing_sessions.user_id', '1']) }}
    end as user_key,
    viewing_sessions.user_id,
    {{ surrogate_key_or_unknown('viewing_sessions.content_id') }} as content_key,
    {{ date_key('viewing_sessions.watch_date') }} as date_key,
    {{ surrogate_key_or_unknown('viewing_sessions.device_type') }} as device_key,
    {{ surrogate_key_or_unknown('viewing_sessions.quality_level') }} as quality_level_key,
    viewing_sessions.watch_date,
    viewing_sessions.watch_duration_minutes,
    cast(viewing_sessions.completion_percentage as numeric(5, 2)) as completion_percentage,
    -- On the source's value: 89.995 is shown as 90.00 and is not completed.
    viewing_sessions.completion_percentage >= {{ var('completion_threshold') }} as is_completed,
    viewing_sessions.loaded_at,
    user_versions.user_loaded_at
from {{ ref('int_viewing_sessions_live') }} as viewing_sessions
left join {{ ref('int_users_versioned') }} as user_versions
    on
        viewing_sessions.user_id = user_versions.user_id
        and viewing_sessions.watch_date >= user_versions.lookup_from
        and viewing_sessions.watch_date < user_versions.lookup_to
