"""Messages that are no playback events, one of each kind, made from one that is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from streaming.events import HEADERS, LONGEST, Headers, PlaybackEvent, encode

Message = tuple[bytes | None, bytes | None, Headers]


@dataclass(frozen=True)
class Poison:
    """What is done to a good event, and the rule that it breaks then."""

    rule: str
    message: Callable[[PlaybackEvent], Message]


def _value(change: Callable[[bytes], bytes | None]) -> Callable[[PlaybackEvent], Message]:
    return lambda event: (event.user_id.encode(), change(encode(event)), HEADERS)


def _headers(headers: Headers) -> Callable[[PlaybackEvent], Message]:
    return lambda event: (event.user_id.encode(), encode(event), headers)


def _ahead(event: PlaybackEvent) -> Message:
    return (
        event.user_id.encode(),
        encode(replace(event, event_time=datetime.now(UTC) + timedelta(hours=2))),
        HEADERS,
    )


POISON = (
    Poison("unreadable", _value(lambda _: b"no JSON")),
    Poison("unreadable", _value(lambda value: value[:-1])),
    Poison("unreadable", _value(lambda value: value + value)),
    Poison(
        "unreadable",
        _value(lambda value: value.replace(b"Mobile", b"\xff\xfe") if b"Mobile" in value else b"\xff"),
    ),
    Poison("wrong_schema", _value(lambda _: b"[]")),
    Poison("wrong_schema", _value(lambda _: b"null")),
    Poison("wrong_schema", _value(lambda _: b"{}")),
    Poison("wrong_schema", _value(lambda value: value[:-1] + b',"unknown":1}')),
    Poison(
        "wrong_schema", _value(lambda value: value.replace(b'"event_id":"', b'"event_id":"' + 101 * b"x"))
    ),
    Poison("wrong_schema", _value(lambda value: value.replace(b'"length_ms":', b'"length_ms":-'))),
    Poison(
        "wrong_schema", _value(lambda value: value.replace(b'"position_ms":', b'"position_ms":1e99,"x":'))
    ),
    Poison(
        "wrong_schema",
        _value(
            lambda value: (
                value.replace(b'"start"', b'"begin"')
                .replace(b'"heartbeat"', b'"beat"')
                .replace(b'"stop"', b'"end"')
                .replace(b'"pause"', b'"rest"')
            )
        ),
    ),
    Poison("wrong_schema", _value(lambda value: value.replace(b'Z"', b'"'))),
    Poison("wrong_schema", _value(lambda value: value.replace(b'"event_time":"2', b'"event_time":"x'))),
    Poison("too_long", _value(lambda _: 100_000 * b"[")),
    Poison("wrong_schema", _value(lambda _: 9_000 * b"[")),
    Poison("too_long", _value(lambda value: value + (LONGEST - len(value) + 1) * b" ")),
    Poison("empty", _value(lambda _: None)),
    Poison("empty", _value(lambda _: b"")),
    Poison("nul", _value(lambda value: value.replace(b'"event_id":"', rb'"event_id":"\u0000'))),
    Poison("unreadable", _value(lambda value: value.replace(b'"event_id":"', b'"event_id":"\x00'))),
    Poison("unreadable", _value(lambda value: value.replace(b'"event_id":"', rb'"event_id":"\ud800'))),
    Poison("no_version", _headers([])),
    Poison("no_version", _headers([("schema-version", None)])),
    Poison("no_version", _headers([("content-type", b"application/json")])),
    Poison("unknown_version", _headers([("schema-version", b"2")])),
    Poison("unknown_version", _headers([("schema-version", b"\xff\x00")])),
    Poison("wrong_key", lambda event: (b"somebody else", encode(event), HEADERS)),
    Poison("wrong_key", lambda event: (None, encode(event), HEADERS)),
    Poison("in_future", _ahead),
)
