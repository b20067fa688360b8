select
    _id as content_id,
    {{ trimmed('name') }} as title,
    season_count as seasons,
    cast(minutes as numeric(10, 2)) as avg_episode_duration_minutes,
    cast(score as numeric(4, 2)) as rating,
    plays as catalogue_views,
    cast(cost as numeric(18, 2)) as production_budget,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('example', 'mongo_shows') }}
