-- The weights of a title sum to exactly 1, and no title is missing.
with content as (

    select * from {{ ref('dim_content') }}

),

content_genres as (

    select * from {{ ref('bridge_content_genres') }}

)

select
    content.content_key,
    sum(content_genres.weight) as total_weight
from content
left join content_genres on content.content_key = content_genres.content_key
group by content.content_key
having coalesce(sum(content_genres.weight), 0) != 1
