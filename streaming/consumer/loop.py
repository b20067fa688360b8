"""The loop of a consumer: read a batch, land it, send dead letters, commit offsets; say how far it is.

Back-pressure: a batch is bounded, so is what the client fetches ahead, and while the warehouse is away the
partitions are paused: the consumer stays in its group and reads nothing. SIGTERM ends it after its batch.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from psycopg2.extensions import connection as Connection

from include.errors import TransientError, UnexpectedError
from streaming.consumer.batches import Batch, sort_messages
from streaming.consumer.dead_letters import send_letters
from streaming.consumer.landing import land, note_looked
from streaming.sending import Sender
from streaming.settings import named
from streaming.topics import EVENTS
from streaming.warehouse import AWAY, Warehouse, patiently

log = logging.getLogger(__name__)

GROUP = "playback-loader"
# What exactly once rests on, and what .env may say otherwise.
CONFIG = {"group.id": GROUP, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
DEFAULTS = {
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": 10_000,
    # One that has not come back to read for so long counts as hung.
    "max.poll.interval.ms": 120_000,
    # Fetched ahead, for each partition.
    "queued.max.messages.kbytes": 8_192,
}
# Messages of a batch at most, and how long one waits to be full.
MOST, SECONDS = 20_000, 0.5
AWAY_SECONDS = 1
ANSWER_SECONDS = 5
REPORT_SECONDS = 10
Place = tuple[str, int]


class Loop:
    """A member of the group, until `stop` is set."""

    def __init__(
        self, config: Mapping[str, object], warehouse: Warehouse, stop: threading.Event, member: str = ""
    ) -> None:
        self._consumer = Consumer(
            {**DEFAULTS, **config, **CONFIG, **named(member), "on_commit": self._committed}
        )
        self._letters = Sender(config)
        self._warehouse, self._stop = warehouse, stop
        self._waiting: list[Message] = []
        self._offsets: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self._loaded = self._refused = 0
        self._reported = time.monotonic()

    def run(self) -> None:
        """Read until `stop` is set; then leave the group, so that others go on at once."""
        self._consumer.subscribe(
            [EVENTS], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not self._stop.is_set():
                self._turn(self._read())
                self._report()
        finally:
            self._consumer.close()

    def _read(self) -> Sequence[Message]:
        messages, self._waiting = [*self._waiting, *self._consumer.consume(MOST, timeout=SECONDS)], []
        for message in messages:
            if (error := message.error()) and error.fatal():
                raise UnexpectedError(f"Kafka: {error.str()}")
        return [message for message in messages if not message.error()]

    def _turn(self, messages: Sequence[Message]) -> None:
        batch = sort_messages(messages)
        if batch and not (self._land(batch) and self._send(batch)):
            # Asked to stop: nobody has committed these offsets, and the next consumer reads them again.
            return
        self._offsets |= {place: reading.next_offset for place, reading in batch.readings.items()}
        self._commit()

    def _land(self, batch: Batch) -> bool:
        self._ends |= {place: self._end_of(place) for place in batch.readings}
        if not patiently(partial(self._write, batch), self._warehouse, self._hold):
            return False
        self._resume()
        return True

    def _write(self, batch: Batch, connection: Connection) -> None:
        self._loaded += land(connection, batch, self._ends)

    def _send(self, batch: Batch) -> bool:
        while batch.letters:
            try:
                send_letters(self._letters, batch.letters)
                self._refused += len(batch.letters)
                break
            except TransientError as error:
                log.warning("%s; trying again", error)
            if not self._hold():
                return False
        self._resume()
        return True

    def _commit(self) -> None:
        """Commit the offsets of what the warehouse has, without waiting: that may be for ever."""
        mine = {(each.topic, each.partition) for each in self._consumer.assignment()}
        offsets = [TopicPartition(*place, at) for place, at in self._offsets.items() if place in mine]
        self._offsets = {}
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def _committed(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """Keep offsets that Kafka did not take for the next commit, unless there are newer ones."""
        if error:
            log.warning("Offsets were not committed, trying again: %s", error.str())
            failed = {(each.topic, each.partition): each.offset for each in partitions}
            self._offsets = failed | self._offsets

    def _hold(self) -> bool:
        """Wait a moment without reading, and stay in the group; tell whether to go on."""
        self._consumer.pause(self._consumer.assignment())
        # What comes all the same, of a partition that was given meanwhile, is not lost.
        if message := self._consumer.poll(AWAY_SECONDS):
            self._waiting.append(message)
        return not self._stop.is_set()

    def _resume(self) -> None:
        self._consumer.resume(self._consumer.assignment())

    def _end_of(self, place: Place) -> int:
        return self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)[1]

    def _report(self) -> None:
        """Say now and then what was done, and how many messages wait."""
        if time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        held = self._consumer.position(self._consumer.assignment())
        lag = sum(max(self._end_of((each.topic, each.partition)) - max(each.offset, 0), 0) for each in held)
        log.info(
            "loaded %s, refused %s, lag %s messages", *map("{:,}".format, (self._loaded, self._refused, lag))
        )
        self._look(held)

    def _look(self, held: Sequence[TopicPartition]) -> None:
        """Note where nothing waits; while Kafka or the warehouse is away, nobody knows."""
        try:
            # Not the ends that this client remembers: a broker that is away would seem to have nothing new.
            ends = {
                (each.topic, each.partition): self._consumer.get_watermark_offsets(each, ANSWER_SECONDS)[1]
                for each in held
            }
            note_looked(self._warehouse.connection(), ends)
        except (KafkaException, *AWAY) as error:
            log.warning("Whether messages wait is not known now: %s", str(error).strip())
            self._warehouse.forget()

    def _assigned(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        log.info("takes over partitions %s", sorted(each.partition for each in partitions))

    def _revoked(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Forget what is no longer this consumer's: whoever has a partition reads from its last commit."""
        log.info("gives up partitions %s", sorted(each.partition for each in partitions))
        gone = {(each.topic, each.partition) for each in partitions}
        self._waiting = [each for each in self._waiting if (each.topic(), each.partition()) not in gone]
