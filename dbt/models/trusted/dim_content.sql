{%- set changed_sessions = 'select session_id from ' ~ ref('chg_sessions') ~ ' where is_changed' -%}
{%- set built_as_inferred = 'select content_key from ' ~ this ~ ' where is_inferred' -%}

with content as (

    select * from {{ ref('int_content_unioned') }}

),

series_episodes as (

    select * from {{ ref('int_series_episodes_counted') }}

),

fact as (

    select
        content_key,
        session_id
    from {{ ref('fct_viewing_sessions') }}
    {% if carries_forward() -%}
        -- Titles of all other sessions are in the catalogue or were inferred before.
        where
            {{ is_one_of('session_id', changed_sessions) }}
            or {{ is_one_of('content_key', built_as_inferred) }}
    {%- endif %}

),

known_titles as (

    select
        {{ surrogate_key(['content.content_id']) }} as content_key,
        content.content_id,
        content.content_type,
        coalesce(content.title, 'Unknown') as title,
        content.release_year,
        content.duration_minutes,
        content.seasons,
        cast(series_episodes.total_episodes as integer) as total_episodes,
        content.avg_episode_duration_minutes,
        content.rating,
        content.catalogue_views,
        content.production_budget,
        content.is_available,
        false as is_inferred
    from content
    left join series_episodes on content.content_id = series_episodes.content_id

),

inferred_titles as (

    {{ inferred_members('content_key', 'content_id', 'fact', 'known_titles') }}

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

),

final as (

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

)

select * from final
