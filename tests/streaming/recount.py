"""Windows counted by plain SQL over the events: what the stream must come to."""

RECOUNT = """
select
    window_start, count(distinct user_id)::int, round(sum(played_ms) / 60000.0, 2), sum(quality_drops)::int,
    sum(rebuffers)::int, round(sum(rebuffer_ms) / 1000.0, 1)
from (
    select distinct on (event_id) * from raw.kafka_playback_events order by event_id, kafka_offset
) as events
cross join generate_series(0, 4) as minutes_before
cross join lateral (
    select date_trunc('minute', event_time) - minutes_before * interval '1 minute' as window_start
) as windows
group by window_start order by window_start
"""
STORED = """
select window_start, viewers, minutes, quality_drops, rebuffers, rebuffer_seconds
from ops.viewing_windows order by window_start
"""
