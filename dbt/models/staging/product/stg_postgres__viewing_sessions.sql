select
    session_id,
    user_id,
    content_id,
    nullif(trim(device_type), '') as device_type,
    nullif(trim(quality_level), '') as quality_level,
    cast(watch_duration_minutes as numeric(10, 2)) as watch_duration_minutes,
    completion_percentage,
    _deleted_at is not null as is_deleted,
    watch_date,
    _as_of as as_of,
    {{ utc_timestamp('created_at') }} as created_at,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'postgres_viewing_sessions') }}
