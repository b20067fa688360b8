"""Send a day's events through a broker to Quix Streams, and keep the messages as files for Spark.

Run in .venv-streaming with the files' folder as argument and the warehouse's logins as variables. Each file
has the messages of a part of the day, of every partition some, as a batch of Spark's Kafka source has.
"""

import base64
import json
import os
import sys
import tempfile
import time
from bisect import bisect
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Message
from msgspec.structs import replace

from include.embedded.processes import stop_process
from streaming import broker
from streaming.events import PlaybackEvent
from streaming.sending import Record
from streaming.topics import EVENTS, create_topics
from tests.conftest import Platform
from tests.streaming.conftest import Broker, record, small_day
from tests.streaming.consuming import consumer, counts, wait_for
from tests.streaming.poison import POISON
from tests.streaming.reading import messages_of
from tests.streaming.test_windows import run_windows

PARTS = 4
# Seconds: a message's time tells its part.
APART = 0.05
MINUTE = timedelta(minutes=1)


def parts() -> list[list[Record]]:
    """Return the day's messages in parts, poison among them; then a late event twice, then one too late."""
    events = small_day(6_000)
    size = len(events) // PARTS + 1
    split = [[record(event) for event in events[at : at + size]] for at in range(0, len(events), size)]
    for number, (case, event) in enumerate(zip(POISON, events, strict=False)):
        split[number % PARTS].append(Record(EVENTS, *case.message(replace(event, event_id="poison"))))
    last = max(events, key=lambda event: event.event_time)
    late, other = _late(last, "late", 8, 60_000), _late(last, "late", 8, 120_000)
    return [
        *split,
        [record(late), record(late), record(other)],
        [record(_late(last, "too late", 16, 60_000))],
    ]


def _late(last: PlaybackEvent, name: str, minutes: int, played_ms: int) -> PlaybackEvent:
    """Return an event so many minutes before the day's last."""
    return replace(last, event_id=name, event_time=last.event_time - minutes * MINUTE, played_ms=played_ms)


def send(kafka: Broker, platform: Platform) -> list[int]:
    """Send the parts; all but the last, which no window counts, go into raw. Return when each began in ms."""
    sender, began = kafka.sender(), []
    for part in parts():
        if len(began) == PARTS + 1:
            with consumer(kafka, platform):
                wait_for(lambda: sum(counts(platform)) == sender.delivered)
        began.append(int(time.time() * 1000))
        for message in part:
            sender.send(message)
        sender.flush(60)
        time.sleep(APART)
    return began


def write(folder: Path, messages: list[Message], began: list[int]) -> None:
    """Write a file of each part, with the columns of Spark's Kafka source."""
    lines: list[list[str]] = [[] for _ in began]
    for message in messages:
        lines[bisect(began, message.timestamp()[1]) - 1].append(json.dumps(columns(message)))
    for number, part in enumerate(lines):
        assert part
        file = folder / f"{number}.json"
        file.write_text("\n".join(part))
        # Spark takes the oldest first.
        os.utime(file, (number, number))


def columns(message: Message) -> dict[str, object]:
    """Return a message as a row of Spark's Kafka source, bytes as Spark reads them from JSON."""
    return {
        "key": _text(message.key()),
        "value": _text(message.value()),
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC).isoformat(),
        "timestampType": 0,
        "headers": [{"key": key, "value": _text(value)} for key, value in message.headers() or ()] or None,
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


@contextmanager
def running() -> Iterator[Broker]:
    """Run a broker during the block."""
    home = Path(tempfile.mkdtemp(prefix="streaming-kafka-"))
    broker.start(home)
    try:
        yield Broker(home)
    finally:
        stop_process(home / "kafka.pid")


if __name__ == "__main__":
    platform = Platform(dict(os.environ))
    with running() as kafka, tempfile.TemporaryDirectory() as state:
        create_topics(kafka.config)
        began = send(kafka, platform)
        run_windows(kafka, platform, Path(state))
        write(Path(sys.argv[1]), messages_of(kafka, EVENTS, sum(map(len, parts()))), began)
