with content as (

    select * from {{ ref('dim_content') }}

),

content_genres as (

    select * from {{ ref('int_content_genres_weighted') }}

),

final as (

    select
        content.content_key,
        coalesce(content_genres.genre_key, -1) as genre_key,
        cast(coalesce(content_genres.weight, 1) as numeric(9, 8)) as weight
    from content
    left join content_genres on content.content_key = content_genres.content_key

)

select * from final
