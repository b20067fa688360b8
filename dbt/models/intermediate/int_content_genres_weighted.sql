-- A genre that a title repeats counts once, at its first position.
with distinct_genres as (

    select
        content.content_id,
        content_genres.genre,
        min(content_genres.genre_position) as genre_position
    from {{ ref('int_content_unioned') }} as content
    inner join {{ ref('stg_mongo__content_genres') }} as content_genres
        on content.content_id = content_genres.content_id
    where
        content_genres.genre != 'Unknown'
        -- A deleted title keeps the genres that were deleted together with it.
        and (
            not content_genres.is_deleted
            or (not content.is_available and content_genres.as_of = content.as_of)
        )
    group by content.content_id, content_genres.genre

),

numbered as (

    select
        content_id,
        genre,
        -- With decimals: of a quotient some databases keep only a few more than the dividend has.
        cast(
            row_number() over (partition by content_id order by genre_position) as numeric(18, 8)
        ) as genre_number,
        count(*) over (partition by content_id) as genres
    from distinct_genres

)

select
    {{ surrogate_key(['content_id']) }} as content_key,
    {{ surrogate_key(['genre']) }} as genre_key,
    genre,
    -- Rounded i/n minus rounded (i-1)/n sums to exactly 1: 0.33333333, 0.33333334, 0.33333333.
    cast(
        round(genre_number / genres, 8) - round((genre_number - 1) / genres, 8)
        as numeric(9, 8)
    ) as weight
from numbered
