"""Devices that are played: the batch's sessions, told as players tell them, and all of them delivered."""

import time
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError, KafkaException

from include.embedded.processes import port_of
from include.errors import InputError
from include.generate import Size
from include.generate.sessions import QUALITIES
from include.generate.world import World
from streaming import broker
from streaming.events import PlaybackEvent
from streaming.producer.devices import day_of_events, events_from_now
from streaming.producer.sessions import sessions_of
from streaming.sending import Sender
from streaming.settings import read_kafka_settings
from streaming.topics import EVENTS
from streaming.windows.viewing import LATENESS
from tests.streaming.conftest import DAY, SEED, Broker, record, small_day
from tests.streaming.reading import messages_of


def new_world() -> World:
    return World(SEED, Size(users=200, titles=40, sessions=12_000), DAY)


def by_session(events: list[PlaybackEvent]) -> dict[str, list[PlaybackEvent]]:
    """Return the events of each session once, as they happened."""
    found: dict[str, dict[str, PlaybackEvent]] = defaultdict(dict)
    for event in events:
        found[event.session_id][event.event_id] = event
    return {
        key: sorted(one.values(), key=lambda event: int(event.event_id.split("-")[1]))
        for key, one in found.items()
    }


def test_every_session_of_the_batch_is_told_with_its_minutes_and_its_completion() -> None:
    world = new_world()
    batch = sessions_of(world)
    told = by_session(small_day())
    assert told
    assert sorted(told) == [f"S{number:06d}" for number in batch.number.tolist()]
    for place, events in enumerate(told[key] for key in sorted(told)):
        stop = events[-1]
        assert max((stop.position_ms + 30_000) // 60_000, 1) == batch.minutes[place]
        assert stop.position_ms * 1000 // stop.length_ms == batch.tenths[place]
        assert sum(event.played_ms for event in events) == stop.position_ms
        assert events[0].quality == QUALITIES[batch.quality[place]]
        assert {event.content_id for event in events} == {world.catalogue.ids[batch.title[place]]}


def test_a_session_starts_beats_and_stops_in_order() -> None:
    kinds = set()
    for events in by_session(small_day()).values():
        times = [event.event_time for event in events]
        assert times == sorted(times)
        assert (events[0].event_type, events[-1].event_type) == ("start", "stop")
        assert {event.event_type for event in events[1:-1]} <= {"heartbeat", "pause"}
        kinds |= {event.event_type for event in events}
    assert "pause" in kinds


def test_events_come_late_out_of_order_and_twice_but_within_what_windows_wait() -> None:
    events = small_day()
    newest: dict[str, datetime] = {}
    delays = []
    for event in events:
        delays.append(newest.get(event.user_id, event.event_time) - event.event_time)
        newest[event.user_id] = max(newest.get(event.user_id, event.event_time), event.event_time)
    assert LATENESS / 2 < max(delays) < LATENESS
    ids = [event.event_id for event in events]
    assert len(set(ids)) < len(ids) < 1.02 * len(set(ids))


def test_a_seed_says_which_events_there_are() -> None:
    assert [event for _, event in day_of_events(new_world(), SEED)] == small_day()
    assert [event for _, event in day_of_events(new_world(), SEED + 1)] != small_day()


def test_from_now_on_comes_as_much_as_is_asked_for() -> None:
    now = datetime(2024, 9, 1, 12, tzinfo=UTC)
    at = [time for time, _ in events_from_now(new_world(), SEED, rate=2, minutes=30, now=now)]
    after = [each for each in at if each > now.timestamp() * 1000]
    assert len(after) == pytest.approx(2 * 30 * 60, rel=0.35)
    assert min(at) >= (now.timestamp() - 3600) * 1000


def test_what_kafka_did_not_take_is_counted_and_sent_again(kafka: Broker) -> None:
    events = small_day(2_000)[:20]
    port = port_of(kafka.home / "kafka.pid")
    config = {**kafka.config, "message.timeout.ms": 1000}
    broker.wait_until_saved(kafka.home)
    broker.stop(kafka.home)
    sender = Sender(config)
    for event in events:
        sender.send(record(event))
    time.sleep(2)
    broker.start(kafka.home, port)
    sender.flush(60)
    assert (sender.delivered, sender.retried > 0) == (len(events), True)
    assert {message.key().decode() for message in messages_of(kafka, EVENTS, len(events))} == {
        event.user_id for event in events
    }


# Kafka's error is heard; that of a call before it is heard is not marked as fatal.
@pytest.mark.parametrize("is_marked", [True, False])
def test_a_producer_that_is_broken_is_replaced(kafka: Broker, is_marked: bool) -> None:
    sender = kafka.sender()
    with sender._survived():
        raise KafkaException(KafkaError(KafkaError._FATAL, "broken", fatal=is_marked))
    before = sender._producer
    sender.send(record(small_day(2_000)[0]))
    sender.flush(60)
    assert sender.delivered == 1
    assert sender._producer is not before


def test_settings_are_named_like_those_of_kafkas_clients(tmp_path) -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "a:1", "KAFKA_SASL_PASSWORD": "01", "KAFKA_SASL_USERNAME": ""}
    given |= {"KAFKA_SESSION_TIMEOUT_MS": "6000", "OTHER": "x"}
    told = read_kafka_settings(given)
    del told["logger"]
    assert told == {"bootstrap.servers": "a:1", "sasl.password": "01", "session.timeout.ms": 6000}
    with pytest.raises(InputError, match="KAFKA_BOOTSTRAP_SERVERS"):
        read_kafka_settings({}, tmp_path / "kafka.pid")
