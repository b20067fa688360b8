select
    ---------- ids
    content_id,

    ---------- numerics
    season_number,
    episodes,

    ---------- booleans
    _deleted_at is not null as is_deleted,

    ---------- dates
    _as_of as as_of,

    ---------- timestamps
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'mongo_series_seasons') }}
