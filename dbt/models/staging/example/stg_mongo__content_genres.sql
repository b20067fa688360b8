-- Genres are among the tags: genre/Drama is one, mood/dark is none.
select
    _id as content_id,
    {{ trimmed('substr(tag, 7)') }} as genre,
    position as genre_position,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('example', 'mongo_title_tags') }}
where tag like 'genre/%'
