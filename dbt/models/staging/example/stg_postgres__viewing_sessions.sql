-- The key of two columns becomes one text: 17 at 2024-07-03 14:05:00.5. Who goes back within a
-- title may watch more seconds than it has.
select
    concat(customer_id, ' at ', {{ utc_timestamp('started_at') }}) as session_id,
    cast(customer_id as {{ type_string() }}) as user_id,
    lower({{ trimmed('title_ref') }}) as content_id,
    {{ trimmed('device') }} as device_type,
    case
        when resolution >= 2160 then '4K'
        when resolution >= 720 then 'HD'
        when resolution > 0 then 'SD'
    end as quality_level,
    cast(seconds / 60.0 as numeric(10, 2)) as watch_duration_minutes,
    cast(least(100.0 * seconds / seconds_total, 100) as numeric(38, 18)) as completion_percentage,
    _deleted_at is not null as is_deleted,
    cast({{ utc_timestamp('started_at') }} as date) as watch_date,
    _as_of as as_of,
    {{ utc_timestamp('started_at') }} as created_at,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('example', 'postgres_plays') }}
