with known_titles as (

    select
        {{ surrogate_key(['content.content_id']) }} as content_key,
        content.content_id,
        content.content_type,
        coalesce(content.title, 'Unknown') as title,
        content.release_year,
        content.duration_minutes,
        content.seasons,
        cast(series_episodes.total_episodes as bigint) as total_episodes,
        content.avg_episode_duration_minutes,
        content.rating,
        content.catalogue_views,
        content.production_budget,
        content.is_available,
        false as is_inferred
    from {{ ref('int_content_unioned') }} as content
    left join {{ ref('int_series_episodes_counted') }} as series_episodes
        on content.content_id = series_episodes.content_id

),

inferred_titles as (

    {{ inferred_members(
        'content_key', 'content_id', ref('mart_monthly_content_viewing'), 'known_titles'
    ) }}

),

missing_titles as (

    select
        content_key,
        content_id,
        true as is_inferred
    from inferred_titles

    union all

    select
        -1 as content_key,
        'Unknown' as content_id,
        false as is_inferred

)

select * from known_titles

union all

select
    content_key,
    content_id,
    'unknown' as content_type,
    'Unknown' as title,
    null as release_year,
    null as duration_minutes,
    null as seasons,
    null as total_episodes,
    null as avg_episode_duration_minutes,
    null as rating,
    null as catalogue_views,
    null as production_budget,
    false as is_available,
    is_inferred
from missing_titles
