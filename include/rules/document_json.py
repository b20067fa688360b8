"""JSON of what a document holds. Format: MongoDB's relaxed extended JSON v2.

`to_json` is the text of MongoDB's library. `for_jsonb` says the same in a quarter of the time, for
PostgreSQL, which keeps the values and not the text; `all_for_jsonb` does so for thousands of documents, field
by field, in half of that.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from operator import attrgetter

import msgspec
from bson import ObjectId, json_util
from bson.int64 import Int64

OPTIONS = json_util.RELAXED_JSON_OPTIONS
# Exactly these types: a Code is a str, too, and is written otherwise.
JSON_TYPES = {str, int, float, bool, type(None)}
# The length of 2024-09-01T12:00:00.000; BSON's dates have no more, and none is written of a whole second.
MILLISECONDS = 23
EPOCH = datetime(1970, 1, 1)
ZONE = attrgetter("tzinfo")
ENCODER = msgspec.json.Encoder()
# So many documents, on average, have the same names in the same order where they are written field by field.
FEWEST_ALIKE = 16


def to_json(value: object) -> str:
    """Return the value as the library writes it."""
    return json_util.dumps(value, json_options=OPTIONS)


def for_jsonb(value: object) -> str:
    """Return text that PostgreSQL's jsonb reads as it does that of `to_json`."""
    try:
        text = ENCODER.encode(_plain(value))
    except (TypeError, ValueError):
        return to_json(value)
    # NaN and infinities become null.
    return to_json(value) if b"null" in text else text.decode()


def by_field(documents: Sequence[Mapping[str, object]]) -> dict[str, Sequence[object]]:
    """Return the values of each field, where all documents have the same in the same order; else nothing."""
    shapes = set(map(tuple, documents))
    if len(shapes) != 1:
        return {}
    return dict(zip(shapes.pop(), zip(*map(dict.values, documents), strict=True), strict=False))


def all_for_jsonb(documents: Sequence[Mapping[str, object]]) -> list[str]:
    """Return for each document what `for_jsonb` does: text that jsonb reads alike."""
    groups: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for document in documents:
        groups.setdefault(tuple(document), []).append(document)
    if len(groups) > len(documents) / FEWEST_ALIKE:
        return list(map(for_jsonb, documents))
    texts = {names: fields_for_jsonb(by_field(alike)) for names, alike in groups.items()}
    return [next(texts[tuple(document)]) for document in documents]


def fields_for_jsonb(fields: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """Yield the same for documents with these fields; of documents without any, endless."""
    parts: list[Iterable[str]] = []
    before = "{"
    for name, values in fields.items():
        opening, texts, closing = _column(values)
        parts += repeat(f"{before}{ENCODER.encode(name).decode()}:{opening}"), texts
        before = f"{closing},"
    return map("".join, zip(*parts, repeat(f"{before.removesuffix(',')}}}"), strict=False))


def _column(values: Sequence[object]) -> tuple[str, list[str], str]:
    """Return a field's values as JSON: what stands before each of them, the values, what stands behind."""
    types = set(map(type, values))
    if types == {ObjectId}:
        return '{"$oid":"', [value.binary.hex() for value in values], '"}'
    if types == {datetime} and set(map(ZONE, values)) == {None} and min(values) >= EPOCH:
        return '{"$date":"', moments(values), 'Z"}'
    inner = list(chain.from_iterable(values)) if types == {list} else values
    if _can_be_json(inner, set(map(type, inner)) if types == {list} else types):
        return "", _lines(values), ""
    return "", list(map(for_jsonb, values)), ""


def _can_be_json(values: Sequence[object], types: set[type]) -> bool:
    """Tell whether the encoder writes all values as they are: of NaN and infinities it makes null."""
    return types <= JSON_TYPES and (float not in types or all(map(_is_finite, values)))


def _is_finite(value: object) -> bool:
    return type(value) is not float or math.isfinite(value)


def moments(values: Sequence[datetime]) -> list[str]:
    """Return dates of BSON, which know milliseconds and no zone, as ISO 8601 writes them."""
    # A fraction has six digits.
    text = ENCODER.encode_lines(values).decode().replace('000"\n', '"\n')
    return text[1:-2].split('"\n"')


def numbers(values: Sequence[float]) -> list[str]:
    """Return finite numbers as JSON, which PostgreSQL's own types read alike."""
    if Int64 in set(map(type, values)):
        return list(map(str, values))
    return _lines(values)


def _lines(values: Sequence[object]) -> list[str]:
    """Return the JSON of each value; in none of them a line ends."""
    return ENCODER.encode_lines(values).decode().split("\n")[:-1]


def _plain(value: object) -> object:
    """Return the value with objects of JSON for dates and ids; raise TypeError if there are further types."""
    found = type(value)
    if found is dict:
        return {name: each if type(each) in JSON_TYPES else _plain(each) for name, each in value.items()}
    if found is list:
        return value if JSON_TYPES.issuperset(map(type, value)) else [_plain(each) for each in value]
    if found is ObjectId:
        return {"$oid": str(value)}
    if found is datetime and value.tzinfo is None and value >= EPOCH:
        return {"$date": f"{value.isoformat()[:MILLISECONDS]}Z"}
    if found is Int64:
        return int(value)
    if found in JSON_TYPES:
        return value
    raise TypeError(found)
