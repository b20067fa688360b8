select
    content_id,
    {{ trimmed('genre') }} as genre,
    position as genre_position,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'mongo_content_genres') }}
