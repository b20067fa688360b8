with content_genres as (

    select * from {{ ref('int_content_genres_weighted') }}

),

final as (

    select distinct
        genre_key,
        genre
    from content_genres

    union all

    select
        -1 as genre_key,
        'Unknown' as genre

)

select * from final
