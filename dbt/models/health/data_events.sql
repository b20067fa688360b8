select
    first_day,
    last_day,
    as_of,
    kind,
    what,
    rows
from {{ source('ops', 'data_events') }}
