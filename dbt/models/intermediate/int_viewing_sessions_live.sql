select
    session_id,
    user_id,
    content_id,
    -- A device named Unknown is the unknown member -1, not a second member of that name.
    nullif(device_type, 'Unknown') as device_type,
    nullif(quality_level, 'Unknown') as quality_level,
    watch_duration_minutes,
    completion_percentage,
    watch_date,
    as_of,
    loaded_at
from {{ ref('stg_postgres__viewing_sessions') }}
where not is_deleted
