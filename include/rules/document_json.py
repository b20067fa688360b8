"""JSON of what a document holds. Format: MongoDB's relaxed extended JSON v2.

`to_json` is the text of MongoDB's library. `for_jsonb` says the same in a quarter of the time, for
PostgreSQL, which keeps the values and not the text.
"""

from datetime import datetime

import msgspec
from bson import ObjectId, json_util
from bson.int64 import Int64

OPTIONS = json_util.RELAXED_JSON_OPTIONS
# Exactly these types: a Code is a str, too, and is written otherwise.
JSON_TYPES = {str, int, float, bool, type(None)}
# The length of 2024-09-01T12:00:00.000; BSON's dates have no more, and none is written of a whole second.
MILLISECONDS = 23
EPOCH = datetime(1970, 1, 1)
ENCODER = msgspec.json.Encoder()


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
