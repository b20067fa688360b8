select
    session_id,
    {{ id_or_null('user_id') }} as user_id,
    {{ id_or_null('content_id') }} as content_id,
    {{ trimmed('device_type') }} as device_type,
    {{ trimmed('quality_level') }} as quality_level,
    cast(watch_duration_minutes as numeric(10, 2)) as watch_duration_minutes,
    completion_percentage,
    _deleted_at is not null as is_deleted,
    watch_date,
    _as_of as as_of,
    {{ utc_timestamp('created_at') }} as created_at,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'postgres_viewing_sessions') }}
