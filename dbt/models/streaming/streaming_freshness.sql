with partitions as (

    select
        -- Everything before was read: where nothing waits, until it was looked at.
        min(case when lag = 0 then read_at else newest_event_time end) as read_through,
        max(newest_event_time) as newest_event_at,
        sum(lag) as waiting_messages
    from {{ source('kafka_progress', 'kafka_partitions') }}

)

select
    -- Events come up to ten minutes late.
    {{ dateadd('minute', -10, utc_timestamp('read_through')) }} as complete_through,
    {{ utc_timestamp('newest_event_at') }} as newest_event_at,
    cast(coalesce(waiting_messages, 0) as bigint) as waiting_messages
from partitions
