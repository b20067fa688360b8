{# What is kept of a session are least and greatest values: events that come twice, late or out of
   order change nothing that they should not, and a build reads only those that came since. Rows of
   one batch of the consumer may be seen later than rows with newer stamps: ten minutes are read
   again, which a batch does not take.

   A table in each copy of the star, as totals are: who builds a copy from nothing drops it, and with
   it whatever reads it. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='session_id',
        on_schema_change='fail',
        indexes=[{'columns': ['session_id'], 'unique': true}, {'columns': ['loaded_at']}]
    )
}}

with arrived as (

    select
        session_id,
        user_id,
        content_id,
        device_type,
        case when event_type = 'start' then quality end as quality_level,
        case when event_type = 'start' then event_time end as started_at,
        event_time as last_event_at,
        case when event_type = 'stop' then position_ms end as end_ms,
        length_ms,
        _loaded_at as loaded_at
    from {{ source('kafka', 'kafka_playback_events') }}
    {% if is_incremental() %}
        where _loaded_at > (
            select
                coalesce(
                    {{ dateadd('minute', -10, 'max(loaded_at)') }}, cast('1970-01-01' as timestamp)
                )
            from {{ this }}
        )
    {% endif %}

),

parts as (

    select * from arrived
    {% if is_incremental() %}
        union all
        select known.* from {{ this }} as known
        where known.session_id in (select arrived.session_id from arrived)
    {% endif %}

)

select
    session_id,
    min(user_id) as user_id,
    min(content_id) as content_id,
    min(device_type) as device_type,
    min(quality_level) as quality_level,
    min(started_at) as started_at,
    max(last_event_at) as last_event_at,
    max(end_ms) as end_ms,
    max(length_ms) as length_ms,
    max(loaded_at) as loaded_at
from parts
group by session_id
