with streamed as (

    select
        session_id,
        user_id,
        content_id,
        {{ utc_timestamp('started_at') }} as started_at,
        {{ utc_timestamp('last_event_at') }} as last_event_at,
        end_ms is not null as is_ended,
        cast({{ utc_timestamp('started_at') }} as date) as watch_date,
        -- As the batch counts them: whole minutes, at least one.
        greatest(round(end_ms / 60000.0), 1) as watch_duration_minutes,
        round(end_ms * 100.0 / length_ms, 1) as completion_percentage,
        device_type,
        quality_level
    from {{ ref('int_streamed_sessions') }}

),

batch as (

    select
        viewing_sessions.session_id,
        viewing_sessions.user_id,
        content.content_id,
        viewing_sessions.watch_date,
        viewing_sessions.watch_duration_minutes,
        viewing_sessions.completion_percentage,
        devices.device_type,
        quality_levels.quality_level
    from {{ ref('fct_viewing_sessions') }} as viewing_sessions
    inner join {{ ref('dim_content') }} as content
        on viewing_sessions.content_key = content.content_key
    inner join {{ ref('dim_devices') }} as devices
        on viewing_sessions.device_key = devices.device_key
    inner join {{ ref('dim_quality_levels') }} as quality_levels
        on viewing_sessions.quality_level_key = quality_levels.quality_level_key

)

select
    streamed.session_id,
    streamed.user_id,
    streamed.content_id,
    streamed.watch_date,
    streamed.started_at,
    streamed.last_event_at,
    streamed.is_ended,
    cast(
        case when streamed.is_ended then streamed.watch_duration_minutes end as numeric(10, 2)
    ) as watch_duration_minutes,
    cast(streamed.completion_percentage as numeric(5, 1)) as completion_percentage,
    streamed.device_type,
    streamed.quality_level,
    case
        when batch.session_id is null then 'missing'
        when streamed.started_at is null or not streamed.is_ended then 'incomplete'
        when
            batch.user_id = streamed.user_id
            and batch.content_id = streamed.content_id
            and batch.watch_date = streamed.watch_date
            and batch.watch_duration_minutes = streamed.watch_duration_minutes
            and batch.completion_percentage = streamed.completion_percentage
            and batch.device_type = streamed.device_type
            and batch.quality_level = streamed.quality_level
            then 'agrees'
        when loaded._source_updated_at > loaded.created_at then 'corrected'
        else 'differs'
    end as batch_status
from streamed
left join batch on streamed.session_id = batch.session_id
left join {{ source('raw', 'postgres_viewing_sessions') }} as loaded
    on streamed.session_id = loaded.session_id
