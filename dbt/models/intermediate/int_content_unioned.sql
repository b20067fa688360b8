with unioned as (

    select
        content_id,
        'movie' as content_type,
        title,
        release_year,
        duration_minutes,
        cast(null as integer) as seasons,
        cast(null as numeric(10, 2)) as avg_episode_duration_minutes,
        rating,
        catalogue_views,
        production_budget,
        is_deleted,
        as_of,
        loaded_at
    from {{ ref('stg_mongo__movies') }}

    union all

    select
        content_id,
        'series' as content_type,
        title,
        null as release_year,
        null as duration_minutes,
        seasons,
        avg_episode_duration_minutes,
        rating,
        catalogue_views,
        production_budget,
        is_deleted,
        as_of,
        loaded_at
    from {{ ref('stg_mongo__series') }}

),

-- A movie that became a series has a deleted row among the movies: the live row counts.
ranked as (

    select
        *,
        -- The newest date of both rows: it must not go back when the other row becomes live.
        max(as_of) over (partition by content_id) as changed_as_of,
        row_number() over (
            partition by content_id
            order by is_deleted asc, as_of desc, content_type asc
        ) as preference
    from unioned

)

select
    content_id,
    content_type,
    title,
    release_year,
    duration_minutes,
    seasons,
    avg_episode_duration_minutes,
    rating,
    catalogue_views,
    production_budget,
    not is_deleted as is_available,
    as_of,
    changed_as_of,
    loaded_at
from ranked
where preference = 1
