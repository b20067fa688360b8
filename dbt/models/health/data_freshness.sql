select
    cast(version as integer) as version,
    star_as_of,
    published_at,
    last_run_as_of,
    cast(last_loaded_at as timestamp) as last_loaded_at,
    complete_through,
    rejected_rows
from {{ source('ops', 'data_freshness') }}
