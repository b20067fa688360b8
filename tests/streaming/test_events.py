"""What a message must be: by the code, by the schema for others, and for each way to break it."""

import json
import time

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.environment import ROOT
from include.errors import InputError
from streaming.events import (
    HEADERS,
    LONGEST,
    PlaybackEvent,
    UnreadableError,
    checked,
    decode,
    refuse_misplaced,
)
from tests.streaming.conftest import small_day
from tests.streaming.poison import POISON

SCHEMA = json.loads((ROOT / "streaming" / "playback_event.v1.schema.json").read_text())
EVENT = small_day(2_000)[0]
FIELDS = [name for name in SCHEMA["properties"] if name != "event_time"]
EDGES = (
    0,
    -1,
    1,
    100,
    101,
    1_000_000,
    1_000_001,
    604_800_000,
    604_800_001,
    0.5,
    True,
    None,
    "",
    "x",
    "x" * 101,
    [],
    {},
)


def test_the_schema_for_others_says_what_the_code_does() -> None:
    of_code = msgspec.json.schema(PlaybackEvent)["$defs"]["PlaybackEvent"]
    assert {name: _bounds(value) for name, value in SCHEMA["properties"].items()} == {
        name: _bounds(value) for name, value in of_code["properties"].items()
    }
    assert (SCHEMA["required"], SCHEMA["additionalProperties"]) == (of_code["required"], False)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(FIELDS), st.sampled_from(EDGES) | st.text() | st.integers())
def test_both_judge_a_value_alike(name: str, value: object) -> None:
    document = json.loads(checked(EVENT)) | {name: value}
    message = json.dumps(document).encode()
    is_valid = jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    # What JSON Schema cannot say.
    is_valid &= "\\u0000" not in json.dumps(value) and len(message) <= LONGEST and not _has_half_a_pair(value)
    assert _reads(message) == is_valid, value


@pytest.mark.parametrize("case", POISON, ids=lambda case: case.rule)
def test_each_way_to_break_a_message_has_its_rule(case: object) -> None:
    key, value, headers = case.message(EVENT)
    with pytest.raises(UnreadableError) as raised:
        refuse_misplaced(decode(value, headers), key, int(time.time() * 1000))
    assert raised.value.problem.rule == case.rule
    assert "\0" not in str(raised.value)


def test_an_event_is_read_as_it_was_written() -> None:
    assert decode(checked(EVENT), HEADERS) == EVENT


def test_an_event_that_readers_would_refuse_is_not_sent() -> None:
    with pytest.raises(InputError, match="breaks the schema"):
        checked(msgspec.structs.replace(EVENT, played_ms=-1))


def _bounds(declared: dict[str, object]) -> dict[str, object]:
    bounds = {name: value for name, value in declared.items() if name not in ("description", "title")}
    return bounds | ({"enum": sorted(bounds["enum"])} if "enum" in bounds else {})


def _has_half_a_pair(value: object) -> bool:
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


def _reads(message: bytes) -> bool:
    try:
        return bool(decode(message, HEADERS))
    except UnreadableError:
        return False
