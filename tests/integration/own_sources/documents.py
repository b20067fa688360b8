"""A company's documents of many shapes, and what raw must hold of them, worked out the plain way."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from bson import Binary, ObjectId, json_util
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from include.specs import Array, Column, MongoCollection

LONG_AGO = datetime(2024, 1, 1, 12, 0, 0, 123000)
OIDS = [ObjectId(f"65000000000000000000000{digit}") for digit in "0123456789abcdef"]
UUIDS = [UUID(int=number) for number in range(1, 9)]

FULL_TICKET = {
    "_id": OIDS[0],
    "subject": "tab\t, line\nand \\N and ü",
    "priority": 3.0,
    "opened": datetime(2024, 2, 29, 23, 59, 59, 999000),
    "is_open": True,
    "cost": Decimal128("12345678901234567890.0123456789"),
    "size": Int64(2**62),
    "score": 0.1,
    "device": Binary.from_uuid(UUIDS[0]),
    "assignee": OIDS[9],
    "answer": {"n": Int64(1), "d": Decimal128("NaN"), "b": b"\x00\xff", "f": float("nan"), "t": LONG_AGO},
    "customer": {
        "address": {"city": "Köln", "lines": ["a", None]},
        "phones": ["1", None, "3"],
        "since": LONG_AGO,
        "limit": Decimal128("1.50"),
        "big": Int64(2**60),
    },
    "tags": ["a", "b", "a"],
    "messages": [
        {"text": "first", "at": LONG_AGO, "by": {"name": "Ana"}, "parts": [1, {"x": [2]}]},
        {"text": "second", "by": None, "more": "not declared"},
    ],
    "scores": [1, 2.5, Int64(3), float("inf"), Decimal128("4.5"), None],
    "grid": [[1, 2], [], [[3]], {"a": 1}, "x", None],
    "meta": {"changed": LONG_AGO},
}
TICKETS = [
    FULL_TICKET,
    {"_id": OIDS[1], "subject": "little", "meta": {"changed": LONG_AGO}},
    {"_id": OIDS[2], "subject": "never stamped", "priority": 1},
    {"_id": OIDS[3], "subject": "no object", "meta": None, "customer": None, "messages": None, "tags": None},
    {
        "_id": OIDS[4],
        "subject": "empty",
        "tags": [],
        "messages": [],
        "customer": {},
        "grid": [],
        "score": float("nan"),
        "cost": 0,
        "size": -(2**63),
        "answer": None,
        "meta": {"changed": LONG_AGO},
    },
    {
        "_id": OIDS[5],
        "subject": " ä ",
        "customer": {"address": None, "phones": []},
        "answer": "text",
        "score": Decimal128("-Infinity"),
        "cost": Decimal128("1E+10"),
        "unheard_of": {"a": 1},
        "meta": {"changed": LONG_AGO, "by": "x"},
    },
]
ORDERS = [
    {"_id": {"shop": 1, "no": 2}, "total": 1, "updated_at": "never"},
    {"_id": {"no": 2, "shop": 1}, "total": Decimal128("2.50")},
    {"_id": 7, "total": 3.25},
    {"_id": "7", "total": None},
    {"_id": 7.5},
    {"_id": OIDS[0]},
    {"_id": Binary.from_uuid(UUIDS[0])},
    {"_id": {"at": LONG_AGO, "id": Binary.from_uuid(UUIDS[1]), "deep": {"list": [1, None, "ü\t\\"]}}},
    {"_id": LONG_AGO},
    {"_id": True},
    {"_id": Int64(2**60)},
    {"_id": Decimal128("0.1")},
    {"_id": ""},
]
COUNTERS = [{"_id": 1, "value": 1}, {"_id": Int64(2**40), "value": -(2**31)}, {"_id": -3.0}]
DEVICES = [{"_id": Binary.from_uuid(uuid), "name": str(uuid), "updated_at": LONG_AGO} for uuid in UUIDS]
PAGES = [{"slug": "a", "hits": 1}, {"slug": "A", "hits": 2}, {"slug": "ü b", "hits": 3}]
EVENTS = [
    {"_id": OIDS[0], "head": {"kind": "click"}, "x": 1, "labels": ["a", "b"], "at": LONG_AGO},
    {"_id": OIDS[1], "head": {"kind": "click"}, "x": -1, "labels": [], "at": LONG_AGO},
    {
        "_id": OIDS[2],
        "head": {"kind": "view"},
        "seconds": Decimal128("1.50"),
        "labels": ["c"],
        "at": LONG_AGO,
    },
    {"_id": OIDS[3], "head": {"kind": "view", "v": 2}, "seconds": 2.5, "at": LONG_AGO},
]
DOCUMENTS = {
    "tickets": TICKETS,
    "Orders & more": ORDERS,
    "counters": COUNTERS,
    "devices": DEVICES,
    "pages": PAGES,
    "events": EVENTS,
}
NOTHING = object()


def expected(collection: MongoCollection, documents: list[dict]) -> dict[str, list[dict]]:
    """Return the rows of each raw table for the documents, without what the loader adds but `_document`."""
    tables: dict[str, list[dict]] = {table.raw: [] for table in collection.raw_tables}
    for document in documents:
        tag = found_at(collection.discriminator, document) if collection.discriminator else None
        (kind,) = [kind for kind in collection.kinds if kind.tag == tag]
        stamp = found_at(collection.watermark, document) if collection.watermark else None
        added = {"_source_updated_at": stamp, "_deleted_at": None}
        row = values(kind.columns, document) | added
        tables[kind.raw].append(row | {"_document": json.loads(relaxed(document))})
        for array in kind.arrays:
            # An element keeps the stamp with which it last changed.
            found = elements(array, row[collection.key], document)
            tables[array.raw] += [element | {"_deleted_at": None} for element in found]
    return tables


def elements(array: Array, key: object, document: dict) -> Iterator[dict]:
    for number, element in enumerate(found_at(array.field, document) or []):
        yield {array.key.name: key, array.position: number + 1} | values(array.elements, element)


def values(columns: tuple[Column, ...], place: object) -> dict[str, object]:
    found = {}
    for column in columns:
        path = column.name if column.path is None else column.path
        found[column.name] = as_raw(column, found_at(path, place))
    return found


def found_at(path: str, document: object) -> object:
    for name in filter(None, path.split(".")):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def as_raw(column: Column, value: object) -> object:
    """Return the value as psycopg2 reads it from a column of the type."""
    if value is None:
        return None
    if column.bson == "extended_json":
        return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS)
    if column.type == "jsonb":
        return json.loads(relaxed(value))
    convert = {"numeric": lambda found: Decimal(str(found)), "double precision": float, "integer": int}
    convert |= {"bigint": int, "uuid": lambda found: str(found.as_uuid())}
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    return convert.get(column.type, lambda found: found)(value)


def relaxed(value: object) -> str:
    return json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS)


def comparable(row: Mapping[str, object]) -> str:
    """Return a row as text in which NaN equals NaN, a number its like, and moments are in UTC."""
    return json.dumps(_plain(row), sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None) - (value.utcoffset() or timedelta(0)))
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(Decimal(str(value)).normalize())
    return value
