select
    ---------- ids
    content_id,

    ---------- strings
    nullif(trim(genre), '') as genre,

    ---------- numerics
    position as genre_position,

    ---------- booleans
    _deleted_at is not null as is_deleted,

    ---------- dates
    _as_of as as_of,

    ---------- timestamps
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'mongo_content_genres') }}
