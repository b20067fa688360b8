select
    viewing_sessions.session_id,
    content_genres.genre_key,
    viewing_sessions.user_key,
    viewing_sessions.user_id,
    viewing_sessions.content_key,
    viewing_sessions.date_key,
    viewing_sessions.device_key,
    viewing_sessions.quality_level_key,
    viewing_sessions.watch_date,
    content_genres.weight,
    cast(
        viewing_sessions.watch_duration_minutes * content_genres.weight as numeric(20, 10)
    ) as watch_minutes,
    viewing_sessions.is_completed
from {{ ref('fct_viewing_sessions') }} as viewing_sessions
inner join {{ ref('bridge_content_genres') }} as content_genres
    on viewing_sessions.content_key = content_genres.content_key
