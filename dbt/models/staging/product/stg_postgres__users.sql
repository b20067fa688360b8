select
    user_id,
    {{ trimmed('country') }} as country,
    {{ trimmed('subscription_type') }} as subscription_type,
    age,
    cast(total_watch_time_hours as numeric(12, 2)) as total_watch_time_hours,
    _deleted_at is not null as is_deleted,
    registration_date,
    _as_of as as_of,
    {{ utc_timestamp('created_at') }} as created_at,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'postgres_users') }}
