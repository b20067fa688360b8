select
    content.content_key,
    coalesce(content_genres.genre_key, -1) as genre_key,
    cast(coalesce(content_genres.weight, 1) as numeric(9, 8)) as weight
from {{ ref('dim_content') }} as content
left join {{ ref('int_content_genres_weighted') }} as content_genres
    on content.content_key = content_genres.content_key
