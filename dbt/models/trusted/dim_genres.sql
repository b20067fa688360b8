select distinct
    genre_key,
    genre
from {{ ref('int_content_genres_weighted') }}

union all

select
    -1 as genre_key,
    'Unknown' as genre
