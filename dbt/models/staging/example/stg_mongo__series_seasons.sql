select
    _id as content_id,
    no as season_number,
    episodes,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('example', 'mongo_show_seasons') }}
