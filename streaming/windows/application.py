"""The application of Quix Streams: from events to windows of users, by event time.

An event counts in its windows when it comes at most LATENESS after the newest event of its user.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from quixstreams import Application
from quixstreams.dataframe.windows import Aggregator
from quixstreams.kafka import ConnectionConfig
from quixstreams.models import Deserializer, SerializationContext
from quixstreams.models.serializers.exceptions import IgnoreMessage
from quixstreams.models.topics import TopicConfig
from quixstreams.state.exceptions import InvalidStoreChangelogOffset
from quixstreams.state.rocksdb import RocksDBOptions

from include.errors import TransientError
from streaming.events import PlaybackEvent, UnreadableError, decode, refuse_misplaced
from streaming.settings import named
from streaming.topics import CONFIGS, EVENTS, PARTITIONS
from streaming.windows.sink import WindowsSink
from streaming.windows.viewing import LATENESS, LENGTH, STEP, Viewing, add, nothing

log = logging.getLogger(__name__)

GROUP = "viewing-windows"
# Seconds between checkpoints, and so between what readers see.
CHECKPOINT = 2
CONSUMER = {"session.timeout.ms": 10_000}
# Of memory: written windows of each partition, and read ones of all. The defaults grow to two gigabytes.
MEMORY = RocksDBOptions(write_buffer_size=4 << 20, max_write_buffer_number=2, block_cache_size=32 << 20)


class Events(Deserializer):
    """Reads playback events; what is none is the consumer's to tell."""

    def __call__(self, value: bytes, ctx: SerializationContext) -> PlaybackEvent:
        try:
            return decode(value, ctx.headers)
        except UnreadableError:
            raise IgnoreMessage from None


class AddUp(Aggregator):
    """Quix Streams' way to add an event to a window."""

    def initialize(self) -> Viewing:
        return nothing()

    def agg(self, old: Viewing, new: PlaybackEvent, timestamp: int) -> Viewing:
        return add(old, new)

    def result(self, value: Viewing) -> Viewing:
        return value


def build(config: Mapping[str, object], sink: WindowsSink, state: Path, member: str = "") -> Application:
    """Return the application; `state` is the folder of its RocksDB, which a topic can restore."""
    # Its own log, and its own names for what reaches Kafka; of the rest it takes everything.
    settings = {name: value for name, value in config.items() if name != "logger"}
    app = Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(settings, ignore_extras=True),
        consumer_group=GROUP,
        auto_offset_reset="earliest",
        commit_interval=CHECKPOINT,
        consumer_extra_config=CONSUMER | settings | named(member),
        producer_extra_config=settings,
        state_dir=state,
        rocksdb_options=MEMORY,
        loglevel=None,
    )
    known = TopicConfig(PARTITIONS, 1, CONFIGS[EVENTS])
    topic = app.topic(EVENTS, value_deserializer=Events(), config=known, timestamp_extractor=_event_time)
    events = app.dataframe(topic).filter(_is_in_place, metadata=True)
    windows = events.hopping_window(LENGTH, STEP, LATENESS, on_late=_tell).agg(value=AddUp()).current()
    windows.sink(sink)
    return app


def run(app: Application) -> None:
    """Run it until it is stopped. Raises TransientError where Kafka has lost what the state rests on.

    The state is forgotten then: at the next start its topic and the offsets, which Kafka has, agree.
    """
    try:
        app.run()
    except InvalidStoreChangelogOffset as error:
        app.clear_state()
        raise TransientError(
            "Kafka has lost the newest state of windows; start again, and it is read from its topic"
        ) from error


def _event_time(event: PlaybackEvent | None, headers: object, sent_ms: int, kind: object) -> int:
    """Return the event's time in ms; for one that is misplaced a time that is none of events."""
    # Quix Streams asks no deserializer of a message without a value.
    if event is None:
        return -1
    try:
        refuse_misplaced(event, event.user_id.encode(), sent_ms)
    except UnreadableError:
        return -1
    return int(event.event_time.timestamp() * 1000)


def _is_in_place(event: PlaybackEvent | None, key: bytes | None, timestamp: int, headers: object) -> bool:
    return event is not None and timestamp >= 0 and key == event.user_id.encode()


def _tell(event: PlaybackEvent, key: object, timestamp: int, late_ms: int, start: int, *_: object) -> bool:
    """Log an event that comes too late for a window, in our words; it is in raw all the same."""
    log.warning(
        "Event %s comes %s s too late for the window that starts at %s",
        event.event_id,
        late_ms // 1000,
        start,
    )
    return False
