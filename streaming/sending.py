"""Send messages until the broker has them: what it does not take is counted, and sent again."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from include.errors import TransientError
from streaming.events import Headers

log = logging.getLogger(__name__)

# An idempotent producer writes each message once, in order, however often the network makes it try.
CONFIG = {"acks": "all", "enable.idempotence": True, "compression.type": "lz4", "linger.ms": 20}
FULL_SECONDS = 0.1


@dataclass(frozen=True)
class Record:
    """A message to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)


class Sender:
    """A producer that gives no message up. `delivered` and `retried` count messages."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._config = {**CONFIG, **config, "error_cb": self._hear}
        self._producer, self._is_broken = Producer(self._config), False
        self._again: list[Record] = []
        self.delivered = self.retried = 0

    def send(self, record: Record) -> None:
        """Hand the message over; waits while the buffer is full."""
        self._hand_over(record)
        with self._survived():
            self._producer.poll(0)
        if self._again:
            self._send_again()

    def flush(self, seconds: float) -> None:
        """Wait until the broker has all of them. Raises TransientError when it does not within the time."""
        deadline = time.monotonic() + seconds
        while self._again or self._is_broken or len(self._producer):
            with self._survived():
                self._producer.flush(1)
            self._replace_broken()
            self._send_again()
            if time.monotonic() > deadline:
                missing = len(self._producer) + len(self._again)
                raise TransientError(f"Kafka has not confirmed {missing:,} messages after {seconds:.0f} s")

    def _hand_over(self, record: Record) -> None:
        done, headers = partial(self._done, record), list(record.headers)
        while True:
            self._replace_broken()
            with self._survived():
                try:
                    self._producer.produce(
                        record.topic, record.value, record.key, on_delivery=done, headers=headers
                    )
                    return
                except BufferError:
                    self._producer.poll(FULL_SECONDS)

    def _done(self, record: Record, error: KafkaError | None, message: Message) -> None:
        if error:
            self._again.append(record)
        else:
            self.delivered += 1

    def _send_again(self) -> None:
        failed, self._again = self._again, []
        if failed:
            self.retried += len(failed)
            log.warning("Kafka did not take %s messages; sending them again", f"{len(failed):,}")
        for record in failed:
            self._hand_over(record)

    def _hear(self, error: KafkaError) -> None:
        log.warning("Kafka: %s", error.str())
        self._is_broken |= _is_fatal(error)

    @contextmanager
    def _survived(self) -> Iterator[None]:
        """Take note of an error that the producer does not survive; any other is raised."""
        try:
            yield
        except KafkaException as error:
            if not _is_fatal(error.args[0]):
                raise
            self._hear(error.args[0])

    def _replace_broken(self) -> None:
        """Take another producer after an error that this one does not survive; what it had is sent again."""
        if self._is_broken:
            broken, self._producer, self._is_broken = self._producer, Producer(self._config), False
            broken.purge()
            # Each message is told as failed; the error may be raised once more.
            while len(broken):
                with suppress(KafkaException):
                    broken.flush(FULL_SECONDS)


def _is_fatal(error: KafkaError) -> bool:
    """Tell whether the producer does not survive it. One that died before, and has not told, says _FATAL."""
    return error.fatal() or error.code() == KafkaError._FATAL
