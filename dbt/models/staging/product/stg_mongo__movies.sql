select
    content_id,
    {{ trimmed('title') }} as title,
    cast(duration_minutes as numeric(10, 2)) as duration_minutes,
    release_year,
    cast(rating as numeric(4, 2)) as rating,
    views_count as catalogue_views,
    cast(production_budget as numeric(18, 2)) as production_budget,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'mongo_movies') }}
