"""Documents as bytes, of all types and with every fault, and what raw must hold of the good ones.

A drawn value is `Drawn(kind, data, json, is_good)`: its BSON type and bytes, the relaxed extended JSON that
is to be expected of it, and whether it can be loaded.
"""

import base64
import math
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bson import Decimal128, ObjectId
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Milliseconds from which on Python knows no date.
YEAR_10000 = 253402300800000
NOT_UTF8 = [b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"]


class Drawn(NamedTuple):
    """A value, or a whole document."""

    kind: int
    data: bytes
    json: object
    is_good: bool = True


def element(kind: int, name: bytes, data: bytes) -> bytes:
    return bytes([kind]) + name + b"\0" + data


def document(*elements: bytes) -> bytes:
    inner = b"".join(elements)
    return struct.pack("<i", len(inner) + 5) + inner + b"\0"


def text(value: bytes) -> bytes:
    return struct.pack("<i", len(value) + 1) + value + b"\0"


def date(milliseconds: int) -> bytes:
    return struct.pack("<q", milliseconds)


def int32(value: int) -> bytes:
    return struct.pack("<i", value)


def _double(value: float) -> Drawn:
    special = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    json = value if math.isfinite(value) else {"$numberDouble": special}
    return Drawn(1, struct.pack("<d", value), json)


def _date(milliseconds: int) -> Drawn:
    json: object = {"$numberLong": str(milliseconds)}
    if 0 <= milliseconds < YEAR_10000:
        moment = EPOCH + timedelta(milliseconds=milliseconds)
        fraction = f".{milliseconds % 1000:03d}" if milliseconds % 1000 else ""
        json = f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    return Drawn(9, date(milliseconds), {"$date": json})


def _binary(data: bytes, subtype: int) -> Drawn:
    inner = int32(len(data)) + data if subtype == 2 else data
    json = {"$binary": {"base64": base64.b64encode(data).decode(), "subType": f"{subtype:02x}"}}
    return Drawn(5, int32(len(inner)) + bytes([subtype]) + inner, json)


def _regex(pattern: str, options: list[str]) -> Drawn:
    flags, pattern = "".join(options), pattern.replace("\0", "")
    json = {"$regularExpression": {"pattern": pattern, "options": "".join(sorted(flags))}}
    return Drawn(0x0B, f"{pattern}\0{flags}\0".encode(), json, not set(flags) - set("ilmsux"))


def _decimal(high: int, low: int) -> Drawn:
    value = Decimal128((high, low))
    return Drawn(0x13, value.bid, {"$numberDecimal": str(value)})


def _text(value: str, kind: int = 2) -> Drawn:
    json = {"$code": value} if kind == 0x0D else value
    return Drawn(kind, text(value.encode()), json, "\0" not in value)


def _scoped(code: str, scope: Drawn) -> Drawn:
    data = text(code.encode()) + scope.data
    json = {"$code": code, "$scope": scope.json}
    return Drawn(0x0F, int32(len(data) + 4) + data, json, "\0" not in code and scope.is_good)


def _bad_text(value: bytes, kind: int) -> Drawn:
    return Drawn(kind, text(value), None, False)


def _object(fields: list[tuple[bytes, bool, Drawn]]) -> Drawn:
    names = [name for name, _, _ in fields]
    good = all(is_good and value.is_good for _, is_good, value in fields) and len(set(names)) == len(names)
    good = good and not _is_cut_reference({name: value.kind for name, _, value in fields})
    data = document(*(element(value.kind, name, value.data) for name, _, value in fields))
    json = {name.decode(): value.json for name, _, value in fields} if good else None
    return Drawn(3, data, json, good)


def _is_cut_reference(kinds: dict[bytes, int]) -> bool:
    """Tell whether the driver makes a reference of the object, and so loses a `$db` that is null."""
    is_reference = kinds.get(b"$ref") in {2, 0x0D, 0x0E, 0x0F} and b"$id" in kinds
    return is_reference and kinds.get(b"$db") in {6, 0x0A}


def _array(values: list[Drawn]) -> Drawn:
    parts = (element(value.kind, str(number).encode(), value.data) for number, value in enumerate(values))
    return Drawn(4, document(*parts), [value.json for value in values], all(v.is_good for v in values))


def _nested(levels: int) -> Drawn:
    value = Drawn(0x0A, b"", None)
    for _ in range(levels):
        value = Drawn(3, document(element(value.kind, b"a", value.data)), {"a": value.json})
    return value._replace(is_good=levels < 80, json=value.json if levels < 80 else None)


LONG = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = st.one_of(
    st.floats().map(_double),
    TEXTS.map(_text),
    st.sampled_from(["\\u0000", '\\\\"', "$oid", "$date\\", "{[" * 60]).map(_text),
    st.sampled_from([0x0D, 0x0E]).flatmap(lambda kind: TEXTS.map(lambda value: _text(value, kind))),
    st.tuples(st.binary(max_size=9), st.integers(0, 255)).map(lambda drawn: _binary(*drawn)),
    st.just(Drawn(6, b"", None)),
    st.binary(min_size=12, max_size=12).map(lambda data: Drawn(7, data, {"$oid": str(ObjectId(data))})),
    st.booleans().map(lambda value: Drawn(8, bytes([value]), value)),
    (LONG | st.integers(-(10**14), 3 * 10**14)).map(_date),
    st.just(Drawn(0x0A, b"", None)),
    st.tuples(TEXTS, st.lists(st.sampled_from("ilmsuxg"), unique=True)).map(lambda drawn: _regex(*drawn)),
    st.integers(-(2**31), 2**31 - 1).map(lambda value: Drawn(0x10, int32(value), value)),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)).map(
        lambda drawn: Drawn(
            0x11, struct.pack("<II", drawn[1], drawn[0]), {"$timestamp": dict(zip("ti", drawn, strict=True))}
        )
    ),
    LONG.map(lambda value: Drawn(0x12, struct.pack("<q", value), value)),
    st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)).map(lambda drawn: _decimal(*drawn)),
    st.sampled_from([Drawn(0xFF, b"", {"$minKey": 1}), Drawn(0x7F, b"", {"$maxKey": 1})]),
    st.sampled_from([10, 79, 150, 400, 3000]).map(_nested),
    st.tuples(st.sampled_from(NOT_UTF8), st.sampled_from([2, 0x0D, 0x0E])).map(
        lambda drawn: _bad_text(*drawn)
    ),
    st.sampled_from(
        [Drawn(8, b"\2", None, False), Drawn(0x20, b"", None, False), Drawn(2, int32(-1), None, False)]
    ),
)
NAMES = st.one_of(
    TEXTS.map(lambda name: (name.replace("\0", "").encode(), True)),
    st.sampled_from([b"a", b"b", b"", b"a.b", b"$price", b"$ref", b"$set", b"__proto__"]).map(
        lambda name: (name, True)
    ),
    st.sampled_from([b"$oid", b"$date", b"$numberLong", b"$code"]).map(lambda name: (name, False)),
    st.sampled_from(NOT_UTF8).map(lambda name: (name, False)),
)
REFERENCES = st.lists(SCALARS, min_size=4, max_size=4).flatmap(
    lambda values: st.permutations(list(zip([b"$ref", b"$id", b"$db", b"more"], values, strict=True)))
)


def _fields(values: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    return st.lists(st.tuples(NAMES, values).map(lambda drawn: (*drawn[0], drawn[1])), max_size=4).map(
        _object
    )


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        _fields(inner),
        st.lists(inner, max_size=4).map(_array),
        REFERENCES.map(lambda fields: _object([(name, True, value) for name, value in fields])),
        st.tuples(TEXTS, _fields(inner)).map(lambda drawn: _scoped(*drawn)),
    ),
    max_leaves=8,
)
DOCUMENTS = _fields(VALUES)


def identified(kind: int, id_: bytes, drawn: Drawn, *others: bytes) -> bytes:
    """Return the drawn document with an `_id`, and with other elements behind it."""
    return document(element(kind, b"_id", id_), *others, drawn.data[4:-1])


def is_same(found: object, expected: object) -> bool:
    """Tell whether JSON that was read back says what is expected; a number by its value."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(is_same(found[name], value) for name, value in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(is_same, found, expected))
    if isinstance(expected, float):
        return type(found) in {int, float} and float(found) == expected
    return type(found) is type(expected) and found == expected
