-- What comes through Kafka: playback events, how far each partition was read, and windows over them.

create table if not exists raw.kafka_playback_events (
    topic text not null,
    partition integer not null,
    kafka_offset bigint not null,
    sent_at timestamptz not null,
    event_id text not null,
    session_id text not null,
    user_id text not null,
    content_id text not null,
    event_type text not null,
    event_time timestamptz not null,
    position_ms bigint not null,
    length_ms bigint not null,
    played_ms bigint not null,
    quality text not null,
    device_type text not null,
    quality_drops integer not null,
    rebuffers integer not null,
    rebuffer_ms bigint not null,
    _loaded_at timestamptz not null default clock_timestamp(),
    primary key (topic, partition, kafka_offset)
);
create index if not exists kafka_playback_events_event_time on raw.kafka_playback_events
using brin (event_time) with (autosummarize = on);
-- A build reads what came since the last one.
create index if not exists kafka_playback_events_loaded_at on raw.kafka_playback_events
using brin (_loaded_at) with (autosummarize = on);
comment on table raw.kafka_playback_events is
    'One row per message of the topic playback-events; an event that a device sent twice has two, with one event_id.';

create table if not exists ops.kafka_partitions (
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    end_offset bigint not null,
    lag bigint generated always as (greatest(end_offset - next_offset, 0)) stored,
    newest_event_time timestamptz,
    read_at timestamptz not null default clock_timestamp(),
    primary key (topic, partition)
);
comment on table ops.kafka_partitions is
    'One row per partition: every message before next_offset is in raw or in quarantine; lag messages wait.';

create table if not exists ops.viewing_windows_of_users (
    window_start timestamptz not null,
    user_id text not null,
    events integer not null,
    played_ms bigint not null,
    quality_drops integer not null,
    rebuffers integer not null,
    rebuffer_ms bigint not null,
    primary key (window_start, user_id)
);
comment on table ops.viewing_windows_of_users is
    'One row per five minutes, a minute apart, and user who was heard of in them: what ops.viewing_windows adds up.';

create table if not exists ops.viewing_windows (
    window_start timestamptz primary key,
    viewers integer not null,
    minutes numeric(14, 2) not null,
    quality_drops integer not null,
    rebuffers integer not null,
    rebuffer_seconds numeric(14, 1) not null,
    updated_at timestamptz not null default clock_timestamp()
);
comment on table ops.viewing_windows is
    'One row per five minutes of event time, a minute apart: users heard of, minutes played, and how well; late events correct it.';

grant select on ops.kafka_partitions, ops.viewing_windows to dbt_transformer;

create table if not exists ops.streamed_comparisons (
    batch_id text primary key,
    complete_through timestamp,
    agree bigint not null,
    corrected bigint not null,
    differ bigint not null,
    missing bigint not null,
    incomplete bigint not null,
    not_streamed bigint not null,
    compared_at timestamptz not null default now()
);
comment on table ops.streamed_comparisons is
    'One row per run while devices report: how many of their sessions the batch has too, and how they compare.';
