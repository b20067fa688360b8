"""The dead-letter topic: messages that cannot be read, as they came, with reason and place in their headers.

One that is read again, since a consumer was killed, comes again: its place tells.
"""

from collections.abc import Iterable

from streaming.consumer.batches import Letter
from streaming.sending import Record, Sender
from streaming.topics import DEAD_LETTERS

SECONDS = 30


def send_letters(sender: Sender, letters: Iterable[Letter]) -> None:
    """Send them and wait until the broker has them. Raises TransientError where it does not."""
    for letter in letters:
        sender.send(_record(letter))
    sender.flush(SECONDS)


def _record(letter: Letter) -> Record:
    message, found = letter.message, letter.problem
    told = {
        "reason": " ".join(part for part in (found.column, found.reason) if part),
        "rule": found.rule,
        "topic": message.topic(),
        "partition": str(message.partition()),
        "offset": str(message.offset()),
    }
    headers = [(f"dead-letter-{name}", value.encode()) for name, value in told.items()]
    return Record(DEAD_LETTERS, message.key(), message.value(), [*(message.headers() or ()), *headers])
