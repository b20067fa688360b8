"""Streaming that is behind, by what consumers and windows leave in the warehouse."""

import re
from datetime import timedelta

import pytest

from include.errors import StreamBehindError
from include.settings import StreamLimits
from include.stream_health import WHAT_TO_DO, refuse_stream_behind
from tests.conftest import Platform

MOMENT = r"20\d\d-\d\d-\d\d \d\d:\d\d UTC"
LIMIT = r"\(STREAM_MAX_DELAY_SECONDS=900, 600 of them for late events\)"
LIMITS = StreamLimits(lag=100, delay=timedelta(minutes=15))
READ = """
insert into ops.kafka_partitions (topic, partition, next_offset, end_offset, newest_event_time, read_at)
values ('playback-events', %s, 1000, 1000 + %s, now() - %s * interval '1 s', now() - %s * interval '1 s')
"""
EVENT = """
insert into raw.kafka_playback_events (
    topic, partition, kafka_offset, sent_at, event_id, session_id, user_id, content_id, event_type,
    event_time, position_ms, length_ms, played_ms, quality, device_type, quality_drops, rebuffers,
    rebuffer_ms, _loaded_at
) values (
    'playback-events', 0, 1, now(), 'e', 's', 'u', 'c', 'start', now(), 0, 1, 0, 'HD', 'TV', 0, 0, 0,
    now() - %s * interval '1 s'
)
"""
WINDOW = """
insert into ops.viewing_windows
    (window_start, viewers, minutes, quality_drops, rebuffers, rebuffer_seconds, updated_at)
values (now(), 1, 1, 0, 0, 0, now() - %s * interval '1 s')
"""


def read(platform: Platform, partition: int, *, lag: int = 0, newest: int = 1, looked: int = 1) -> None:
    """Note a partition as the consumer does; its newest event, and when it was read, are seconds ago."""
    platform.query("stream_loader", READ, partition, lag, newest, looked)


def loaded(platform: Platform, seconds: int) -> None:
    platform.query("elt_loader", EVENT, seconds)


def windows_written(platform: Platform, seconds: int) -> None:
    platform.query("stream_loader", WINDOW, seconds)


def said(platform: Platform) -> str:
    with pytest.raises(StreamBehindError) as caught:
        refuse_stream_behind(platform.connect("elt_loader"), LIMITS)
    sentence, _, what_to_do = str(caught.value).rpartition(". ")
    assert what_to_do == WHAT_TO_DO
    return sentence


def test_streaming_in_time_is_told_in_numbers(platform: Platform) -> None:
    read(platform, 0, lag=100, newest=200)
    # Nobody watched of those whose events are here.
    read(platform, 1, newest=40_000, looked=250)
    loaded(platform, 1)
    windows_written(platform, 290)
    found = refuse_stream_behind(platform.connect("elt_loader"), LIMITS)
    assert found["waiting_messages"] == 100
    # Of partition 1, less the ten minutes that events come late.
    ((same,),) = platform.query(
        "elt_loader",
        "select read_at - interval '10 min' = %s::timestamptz from ops.kafka_partitions where partition = 1",
        found["complete_through"],
    )
    assert same


def test_messages_that_wait_are_told_of_the_partition_with_most(platform: Platform) -> None:
    read(platform, 0, lag=101)
    read(platform, 3, lag=4_000)
    assert said(platform) == "4,000 messages of partition 3 of playback-events wait (STREAM_MAX_LAG=100)"


def test_nobody_reads(platform: Platform) -> None:
    read(platform, 0, looked=3_610)
    read(platform, 1, looked=8_000)
    sentence = rf"nobody has read playback-events since {MOMENT}, 3,6\d\d s ago {LIMIT}"
    assert re.fullmatch(sentence, said(platform))


@pytest.mark.parametrize(
    "partition",
    [{"looked": 3_010}, {"lag": 5, "newest": 3_010}],
    ids=["nobody reads one", "what waits is old"],
)
def test_one_partition_that_is_read_too_late(platform: Platform, partition: dict[str, int]) -> None:
    read(platform, 0)
    read(platform, 4, **partition)
    # The ten minutes for late events are a part of it.
    complete = rf"events are complete through {MOMENT}, 3,6\d\d s ago {LIMIT}"
    assert re.fullmatch(f"partition 4 of playback-events is late: {complete}", said(platform))


def test_windows_stand_still_while_events_come(platform: Platform) -> None:
    read(platform, 0)
    loaded(platform, 1_000)
    windows_written(platform, 1_350)
    came = rf"raw has events that came 3[45]\d s later {LIMIT}"
    assert re.fullmatch(f"windows stand still since {MOMENT}, and {came}", said(platform))


def test_windows_without_newer_events_and_no_windows_at_all_are_well(platform: Platform) -> None:
    read(platform, 0)
    loaded(platform, 600)
    assert refuse_stream_behind(platform.connect("elt_loader"), LIMITS)
    windows_written(platform, 800)
    assert refuse_stream_behind(platform.connect("elt_loader"), LIMITS)


def test_everything_that_is_wrong_is_told_in_words_that_an_alert_has_room_for(platform: Platform) -> None:
    read(platform, 0, lag=10_000_000, newest=40_000, looked=200)
    windows_written(platform, 40_000)
    loaded(platform, 200)
    sentence = said(platform)
    assert [part.split()[0] for part in sentence.split("; ")] == ["10,000,000", "partition", "windows"]
    # Longer causes are clipped (include/failures.py).
    assert len(f"{sentence}. {WHAT_TO_DO}") <= 500


def test_before_any_event_nothing_is_wrong(platform: Platform) -> None:
    found = refuse_stream_behind(platform.connect("elt_loader"), LIMITS)
    assert found == {"waiting_messages": 0, "complete_through": None}
