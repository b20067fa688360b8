"""Nobody waits for nothing: what takes long says what it waits for."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

log = logging.getLogger(__name__)

QUIET_SECONDS = 10
# How people, the system and a terminal that is closed end a command.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def announced(what: str, why: Callable[[], str] = str) -> Iterator[None]:
    """Say what is awaited once the block takes longer than QUIET_SECONDS, and now and then later.

    `why` returns what is known of the reason.
    """
    ended = threading.Event()

    def tell() -> None:
        seconds = QUIET_SECONDS
        while not ended.wait(QUIET_SECONDS if seconds == QUIET_SECONDS else 3 * QUIET_SECONDS):
            log.warning("%s", f"Waiting for {what} ({seconds} s) {why()}".rstrip())
            seconds += 3 * QUIET_SECONDS

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Go through with the block, whatever signal asks to end: what stops servers stops all of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _tell_that_it_ends) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _tell_that_it_ends(*_: object) -> None:
    # Not by print: the signal may come in the middle of one. A terminal that is closed takes nothing.
    with suppress(OSError):
        os.write(2, b"It is stopping already: wait until everything has ended.\n")
