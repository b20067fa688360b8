"""A company's MongoDB: documents as applications leave them over the years."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bson import Binary, Decimal128, Int64, ObjectId, Regex

DAY = datetime(2024, 1, 1, tzinfo=UTC)


def customers() -> Iterator[dict]:
    """Ten customers: nested objects, arrays of both sorts, fields that come and go, types that changed."""
    for n in range(10):
        yield {
            "_id": ObjectId(f"{n:024x}"),
            "firstName": f"Ann {n}",
            "email": f"{n}@example.com",
            "isActive": n % 2 == 0,
            "points": n,
            "visits": Int64(n) if n > 4 else n,
            "score": float(n) if n else 0,
            "balance": Decimal128(f"{n}.50"),
            "token": Binary(UUID(int=n).bytes, 4),
            "address": {"city": "Rome", "geo": {"lat": 1.5, "lon": 2}} if n < 8 else None,
            "tags": ["a", "b"][: n % 3],
            "orders": [{"_id": ObjectId(), "sku": "x", "price": 1.5, "position": 1, "lines": [1]}] * (n % 3),
            "zip": str(n) if n else 12345,
            "extra": {},
            "nothing": None,
            "empty": [],
            "grid": [[1, 2], [3]],
            "_batch_id": "theirs",
            "updatedAt": DAY + timedelta(hours=n),
        } | ({"nickname": "A"} if n == 3 else {})


def media() -> Iterator[dict]:
    """Documents of two kinds, of which `format` says which."""
    for n in range(6):
        common = {"_id": f"m{n}", "title": f"T{n}", "modified": DAY, "status": ["new", "old"][n % 2]}
        if n < 4:
            yield common | {"format": "film", "minutes": 90 + n, "genres": ["Drama"]}
        else:
            yield common | {"format": "show", "seasons": n, "genres": ["News", "Talk"]}


def odd() -> Iterator[dict]:
    """Keys of several types, one of them compound; stamps that are not always dates."""
    stamps = [DAY, "2024-01-01", None]
    keys = ["a", 1, {"shop": 1, "no": 2}]
    for key, stamp in zip(keys, stamps, strict=True):
        yield {
            "_id": key,
            "updated_at": stamp,
            "pattern": Regex("x"),
            "by_day": {f"d{n}": n for n in range(300)},
        }


def counters() -> Iterator[dict]:
    yield from ({"_id": n, "value": n} for n in range(3))
