"""Playback events: what a message must be, and how it is read and written.

playback_event.v1.schema.json says the same to others, as JSON Schema; tests hold that the two agree.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from include.errors import InputError
from include.rules.reasons import Problem, problem
from include.rules.texts import clipped, shown

VERSION_HEADER, VERSION = "schema-version", b"1"
Headers = Sequence[tuple[str, bytes]]
HEADERS: Headers = [(VERSION_HEADER, VERSION)]
# Bytes of a message; Kafka itself takes a megabyte.
LONGEST = 10_000
# A device whose clock is wrong would close windows before others have reported.
MOST_AHEAD_MS = 3_600_000
WEEK_MS = 7 * 24 * 3_600_000

Text = Annotated[str, Meta(min_length=1, max_length=100)]
Milliseconds = Annotated[int, Meta(ge=0, le=WEEK_MS)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class PlaybackEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What a device says of a session. `played_ms` and the counts are since the session's event before.

    `position_ms` is where in the title the viewer is, `length_ms` how long that is.
    """

    event_id: Text
    session_id: Text
    user_id: Text
    content_id: Text
    event_type: Literal["start", "heartbeat", "pause", "stop"]
    event_time: Annotated[datetime, Meta(tz=True)]
    position_ms: Milliseconds
    length_ms: Annotated[int, Meta(ge=1, le=WEEK_MS)]
    played_ms: Milliseconds
    quality: Text
    device_type: Text
    quality_drops: Count
    rebuffers: Count
    rebuffer_ms: Milliseconds


class UnreadableError(ValueError):
    """A message is no playback event; `problem` says why."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.reason)
        self.problem = found


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PlaybackEvent).decode


def checked(event: PlaybackEvent) -> bytes:
    """Return the event as a message. Raises InputError for one that readers would refuse."""
    value = encode(event)
    try:
        decode(value, HEADERS)
    except UnreadableError as error:
        raise InputError(
            f"Event {event.event_id} breaks the schema: {error}. Nothing was sent of it"
        ) from None
    return value


def decode(value: bytes | None, headers: Headers | None) -> PlaybackEvent:
    """Return the event of a message. Raises UnreadableError for what is none, or of another version."""
    if headers != HEADERS:
        _judge_version(dict(headers or ()).get(VERSION_HEADER))
    if not value:
        raise UnreadableError(problem("empty"))
    if len(value) > LONGEST:
        raise UnreadableError(problem("too_long", LONGEST))
    # JSON spells NUL as \u0000; PostgreSQL stores none.
    if b"\\u0000" in value:
        raise UnreadableError(problem("nul"))
    try:
        return _decode(value)
    except msgspec.ValidationError as error:
        raise UnreadableError(problem("wrong_schema", clipped(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(problem("unreadable", clipped(error))) from None


def refuse_misplaced(event: PlaybackEvent, key: bytes | None, sent_ms: int) -> None:
    """Raise UnreadableError for an event under another user's key, or from long after it was sent.

    A key keeps a user's events in one partition and in order, which windows rely on.
    """
    if key != event.user_id.encode():
        raise UnreadableError(problem("wrong_key", column="user_id", value=event.user_id))
    if event.event_time.timestamp() * 1000 > sent_ms + MOST_AHEAD_MS:
        found = problem("in_future", column="event_time", value=event.event_time.isoformat())
        raise UnreadableError(found)


def _judge_version(version: bytes | None) -> None:
    if version is None:
        raise UnreadableError(problem("no_version", VERSION_HEADER))
    if version != VERSION:
        known = VERSION.decode()
        raise UnreadableError(problem("unknown_version", shown(version.decode(errors="replace")), known))
