"""Run the consumer in the test's own process, and ask the warehouse what it did."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streaming.consumer.loop import Loop
from streaming.warehouse import Warehouse
from tests.conftest import Platform
from tests.streaming.conftest import Broker

SECONDS = 30
COUNTS = """
select
    (select count(*) from raw.kafka_playback_events),
    (select count(*) from quarantine.rejected_rows where stage = 'stream')
"""


@contextmanager
def consumer(kafka: Broker, platform: Platform) -> Iterator[threading.Thread]:
    """Let a consumer work during the block; it ends as after SIGTERM."""
    stop = threading.Event()
    loop = Loop(kafka.config, Warehouse(platform.env), stop)
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(SECONDS)
        assert not thread.is_alive()


def counts(platform: Platform) -> tuple[int, int]:
    """Return how many rows are in raw, and how many messages in quarantine."""
    return platform.query("elt_loader", COUNTS)[0]


def wait_for(is_true: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)
