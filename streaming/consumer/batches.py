"""Messages of a topic, sorted: lines for COPY, and what cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from confluent_kafka import Message

from include.rules.reasons import Problem
from streaming.events import PlaybackEvent, UnreadableError, decode, refuse_misplaced

COLUMNS = (
    *("topic", "partition", "kafka_offset", "sent_at", "event_id", "session_id", "user_id", "content_id"),
    *("event_type", "event_time", "position_ms", "length_ms", "played_ms", "quality", "device_type"),
    *("quality_drops", "rebuffers", "rebuffer_ms"),
)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True)
class Letter:
    """A message that cannot be read, and why."""

    message: Message
    problem: Problem


@dataclass
class Reading:
    """How far a partition was read: the offset after the last message, and its newest event time in ms."""

    next_offset: int = 0
    newest: datetime | None = None


@dataclass
class Batch:
    """Messages that go into the warehouse together."""

    lines: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    readings: dict[tuple[str, int], Reading] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines) + len(self.letters)


def sort_messages(messages: Iterable[Message]) -> Batch:
    """Return the messages as a batch."""
    batch = Batch()
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        reading = batch.readings.setdefault((topic, partition), Reading())
        reading.next_offset = offset + 1
        sent_ms = message.timestamp()[1]
        try:
            event = decode(message.value(), message.headers())
            refuse_misplaced(event, message.key(), sent_ms)
        except UnreadableError as error:
            batch.letters.append(Letter(message, error.problem))
            continue
        if reading.newest is None or event.event_time > reading.newest:
            reading.newest = event.event_time
        batch.lines.append(copy_line(topic, partition, offset, sent_ms, event))
    return batch


def copy_line(topic: str, partition: int, offset: int, sent_ms: int, event: PlaybackEvent) -> str:
    """Return a line of COPY's text format with COLUMNS."""
    line = (
        f"{topic}\t{partition}\t{offset}\t{_moment(sent_ms)}\t{event.event_id}\t{event.session_id}"
        f"\t{event.user_id}\t{event.content_id}\t{event.event_type}\t{event.event_time.isoformat()}"
        f"\t{event.position_ms}\t{event.length_ms}\t{event.played_ms}\t{event.quality}\t{event.device_type}"
        f"\t{event.quality_drops}\t{event.rebuffers}\t{event.rebuffer_ms}\n"
    )
    if "\\" in line or "\r" in line or line.count("\t") != len(COLUMNS) - 1 or line.count("\n") != 1:
        return _escaped(topic, partition, offset, sent_ms, event)
    return line


def _escaped(topic: str, partition: int, offset: int, sent_ms: int, event: PlaybackEvent) -> str:
    """Return the same for an event with characters that mean something to COPY."""
    told = [getattr(event, name) for name in COLUMNS[4:]]
    told[COLUMNS.index("event_time") - 4] = event.event_time.isoformat()
    values = [topic, partition, offset, _moment(sent_ms), *told]
    return "\t".join(str(value).translate(ESCAPES) for value in values) + "\n"


# Of a batch many were sent in the same millisecond.
@lru_cache(1024)
def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
