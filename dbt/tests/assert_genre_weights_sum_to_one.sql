-- The weights of a title sum to exactly 1, and no title is missing.
select
    content.content_key,
    sum(content_genres.weight) as total_weight
from {{ ref('dim_content') }} as content
left join {{ ref('bridge_content_genres') }} as content_genres
    on content.content_key = content_genres.content_key
group by content.content_key
having coalesce(sum(content_genres.weight), 0) != 1
