"""A real broker and a real warehouse, and events of a small world."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from include.embedded.processes import port_of, stop_process
from include.generate import Size
from include.generate.world import World
from streaming import broker
from streaming.consumer.loop import GROUP
from streaming.events import HEADERS, PlaybackEvent, checked
from streaming.producer.devices import day_of_events
from streaming.sending import Record, Sender
from streaming.topics import EVENTS, PARTITIONS, create_topics

SEED = 42
PLACES = [TopicPartition(EVENTS, number) for number in range(PARTITIONS)]
SECONDS = 20
DAY = date(2024, 9, 1)


@dataclass
class Broker:
    """The broker of a test."""

    home: Path

    @property
    def config(self) -> dict[str, object]:
        return {"bootstrap.servers": f"127.0.0.1:{port_of(self.home / 'kafka.pid')}", "log_level": 0}

    def sender(self) -> Sender:
        return Sender(self.config)

    def committed(self) -> dict[int, int]:
        """Return the offsets that the loader has committed, by partition."""
        with self._member() as member:
            return {each.partition: max(each.offset, 0) for each in member.committed(PLACES, SECONDS)}

    def forget_offsets(self) -> None:
        """Let the loader begin again, as after a crash before it committed any."""
        with self._member() as member:
            begin = [TopicPartition(EVENTS, each.partition, 0) for each in PLACES]
            member.commit(offsets=begin, asynchronous=False)

    @contextmanager
    def _member(self) -> Iterator[Consumer]:
        member = Consumer({**self.config, "group.id": GROUP})
        yield member
        member.close()


@pytest.fixture
def kafka() -> Iterator[Broker]:
    home = Path(tempfile.mkdtemp(prefix="streaming-kafka-"))
    broker.start(home)
    running = Broker(home)
    create_topics(running.config)
    yield running
    stop_process(home / "kafka.pid")


def small_day(sessions: int = 12_000) -> list[PlaybackEvent]:
    """Return a day's events as they arrive: some 170 for each thousand sessions of the world."""
    world = World(SEED, Size(users=200, titles=40, sessions=sessions), DAY)
    return [event for _, event in day_of_events(world, SEED)]


def record(event: PlaybackEvent) -> Record:
    return Record(EVENTS, event.user_id.encode(), checked(event), HEADERS)
