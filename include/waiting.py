"""Nobody waits for nothing: what takes long says what it waits for."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

QUIET_SECONDS = 10


@contextmanager
def announced(what: str) -> Iterator[None]:
    """Say what is awaited once the block takes longer than QUIET_SECONDS, and now and then later."""
    ended = threading.Event()

    def tell() -> None:
        seconds = QUIET_SECONDS
        while not ended.wait(QUIET_SECONDS if seconds == QUIET_SECONDS else 3 * QUIET_SECONDS):
            log.warning("Waiting for %s (%d s)", what, seconds)
            seconds += 3 * QUIET_SECONDS

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
