select
    {{ utc_timestamp('window_start') }} as window_start,
    {{ utc_timestamp('window_start') }} + interval '5 minutes' as window_end,
    viewers,
    cast(minutes / 5 as numeric(14, 2)) as average_streams,
    minutes,
    quality_drops,
    rebuffers,
    rebuffer_seconds,
    {{ utc_timestamp('updated_at') }} as updated_at
from {{ source('kafka_progress', 'viewing_windows') }}
