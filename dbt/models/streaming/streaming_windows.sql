with windows as (

    select
        {{ utc_timestamp('window_start') }} as starts_at,
        viewers,
        minutes,
        quality_drops,
        rebuffers,
        rebuffer_seconds,
        {{ utc_timestamp('updated_at') }} as updated_at
    from {{ source('kafka_progress', 'viewing_windows') }}

)

select
    starts_at as window_start,
    {{ dateadd('minute', 5, 'starts_at') }} as window_end,
    viewers,
    cast(minutes / 5 as numeric(14, 2)) as average_streams,
    minutes,
    quality_drops,
    rebuffers,
    rebuffer_seconds,
    updated_at
from windows
