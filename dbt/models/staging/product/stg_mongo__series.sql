select
    content_id,
    {{ trimmed('title') }} as title,
    seasons,
    cast(avg_episode_duration as numeric(10, 2)) as avg_episode_duration_minutes,
    cast(rating as numeric(4, 2)) as rating,
    total_views as catalogue_views,
    cast(production_budget as numeric(18, 2)) as production_budget,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'mongo_series') }}
