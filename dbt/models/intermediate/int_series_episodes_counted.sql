select
    content.content_id,
    sum(series_seasons.episodes) as total_episodes
from {{ ref('int_content_unioned') }} as content
inner join {{ ref('stg_mongo__series_seasons') }} as series_seasons
    on content.content_id = series_seasons.content_id
where
    content.content_type = 'series'
    -- A deleted series keeps the seasons that were deleted together with it.
    and (
        not series_seasons.is_deleted
        or (not content.is_available and series_seasons.as_of = content.as_of)
    )
group by content.content_id
