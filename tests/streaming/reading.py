"""Read a topic from its beginning."""

import time
from uuid import uuid4

from confluent_kafka import Consumer, Message

from tests.streaming.conftest import Broker


def messages_of(kafka: Broker, topic: str, least: int, seconds: float = 60) -> list[Message]:
    """Return at least so many messages of the topic, and those that come within a second after them."""
    reader = Consumer({**kafka.config, "group.id": uuid4().hex, "auto.offset.reset": "earliest"})
    reader.subscribe([topic])
    found: list[Message] = []
    deadline = time.monotonic() + seconds
    while (new := reader.consume(1000, timeout=1)) or len(found) < least:
        found += [message for message in new if not message.error()]
        assert time.monotonic() < deadline, f"{topic} has {len(found)} messages, not {least}"
    reader.close()
    return found
