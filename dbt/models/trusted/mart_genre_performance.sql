with content_sessions as (

    select
        content_key,
        sum(sessions) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completed_sessions) as completed_sessions
    from {{ ref('mart_monthly_content_viewing') }}
    group by content_key

),

-- The weights of a title sum to 1: 10 sessions of a title with two genres are 5 for each.
genre_shares as (

    select
        content_genres.genre_key,
        count(*) as titles,
        sum(content_sessions.sessions * content_genres.weight) as sessions,
        sum(content_sessions.watch_minutes * content_genres.weight) as watch_minutes,
        sum(content_sessions.completed_sessions * content_genres.weight) as completed_sessions
    from {{ ref('bridge_content_genres') }} as content_genres
    left join content_sessions on content_genres.content_key = content_sessions.content_key
    group by content_genres.genre_key

)

select
    genres.genre_key,
    genres.genre,
    coalesce(genre_shares.titles, 0) as titles,
    cast(coalesce(genre_shares.sessions, 0) as numeric(20, 8)) as sessions,
    cast(coalesce(genre_shares.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
    cast(
        coalesce(genre_shares.completed_sessions, 0) as numeric(20, 8)
    ) as completed_sessions,
    cast(
        genre_shares.completed_sessions / nullif(genre_shares.sessions, 0) as numeric(5, 4)
    ) as completion_rate
from {{ ref('dim_genres') }} as genres
left join genre_shares on genres.genre_key = genre_shares.genre_key
