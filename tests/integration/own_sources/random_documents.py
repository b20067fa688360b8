"""Made-up collections of any shape: keys, columns by path, arrays, good and bad documents, by a seed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from bson import Binary, ObjectId
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from include.specs import Array, Column, DocumentKind, MongoCollection

MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999000)
ANY = [
    None,
    1,
    "x",
    [1, [2, None]],
    {"a": {"b": [MOMENT]}},
    float("nan"),
    Decimal128("1.50"),
    b"\x00",
    ObjectId("0" * 24),
]
# Type of a column -> values that are of it, and values that are not.
VALUES: dict[str, tuple[list[object], list[object]]] = {
    "text": (["", " ", "ü\t\\N\n", "null", "%s", "a" * 300], [1, "nul \0", ["a"], {"a": 1}]),
    "integer": (
        [0, 2**31 - 1, -(2**31), 3.0, Int64(5), Decimal128("7")],
        [2**31, -(2**31) - 1, 1.5, "1", True],
    ),
    "bigint": ([0, 2**63 - 1, -(2**63), 1e15], [1e30, 0.5, float("nan"), "1"]),
    "numeric": (
        [0, 0.1, -1e-300, Decimal128("1.50"), Int64(2**60), 1e300],
        [float("inf"), Decimal128("NaN"), "1"],
    ),
    "double precision": ([0, 0.1, float("nan"), float("-inf"), Decimal128("2.5"), Int64(7)], ["1", False]),
    "boolean": ([True, False], [0, "true"]),
    "timestamptz": ([MOMENT, datetime(1, 1, 1), datetime(9999, 12, 31)], ["2024-01-01", 0]),
    "uuid": ([Binary.from_uuid(UUID(int=7))], [b"\x00" * 16, "x", Binary(b"abc", 4)]),
    "objectid": ([ObjectId("0" * 24)], ["0" * 24, 1]),
    "extended_json": (ANY, []),
    "jsonb": (ANY, []),
}
KEYS: dict[str, Callable[[int], object]] = {
    "objectid": lambda number: ObjectId(f"{number:024x}"),
    "text": lambda number: f"key {number} ü\\",
    "bigint": lambda number: Int64(2**40 + number),
    "uuid": lambda number: Binary.from_uuid(UUID(int=number)),
    "extended_json": lambda number: [
        number,
        f"{number}",
        {"a": number, "b": None},
        MOMENT + timedelta(number),
    ][number % 4],
}
PLACES = [
    "a",
    "b",
    "Größe",
    "with blank",
    "meta.a",
    "meta.deep.b",
    "meta.deep.c",
    "updated_at",
    "key",
    "row",
]
KEPT = {"objectid", "extended_json"}


class RandomCollection:
    """A collection that is declared as the seed says, and its documents."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.key_type = self.random.choice(list(KEYS))
        self.stamp = self.random.choice([None, "changed", "meta.changed"])
        places = self.random.sample(PLACES, 7)
        self.columns = {f"c{number}": (place, self._type()) for number, place in enumerate(places[:4])}
        self.scalars, self.objects = (places[4], self._type()), (places[5], self._type())
        self.declared = self._declare(seed)
        self.count = 0
        self.bad: set[int] = set()

    def _type(self) -> str:
        return self.random.choice(list(VALUES))

    def _declare(self, seed: int) -> MongoCollection:
        key = column("_id", self.key_type, None, required=True)
        columns = (key, *(column(name, type_, place) for name, (place, type_) in self.columns.items()))
        place, type_ = self.scalars
        arrays = [Array(place, f"scalars_{seed}", key, "position", (column("element", type_, ""),))]
        place, type_ = self.objects
        parts = (column("part", type_, "in.side"), column("Other One", "text", None))
        arrays.append(Array(place, f"objects_{seed}", key, "position", parts))
        kind = DocumentKind("only", f"documents_{seed}", None, columns, tuple(arrays))
        name, strategy = f"random_{seed}", "incremental" if self.stamp else "full_refresh"
        return MongoCollection(name=name, key="_id", kinds=(kind,), watermark=self.stamp, strategy=strategy)

    def document(self) -> dict:
        """Return a new document, of which one in ten breaks a rule."""
        self.count += 1
        found = {"_id": KEYS[self.key_type](self.count)} | self.fields()
        if self.random.random() < 0.1:
            place, type_ = self.random.choice(list(self.columns.values()))
            if wrong := VALUES[type_][1]:
                put(found, place, self.random.choice(wrong))
                self.bad.add(self.count)
        return found

    def fields(self) -> dict:
        """Return all that a document says but its id."""
        found: dict = {"never declared": self.random.choice(ANY)}
        for place, type_ in self.columns.values():
            if self.random.random() < 0.8:
                put(found, place, self._value(type_))
        length = self.random.choice([0, 1, 3])
        put(found, self.scalars[0], [self._value(self.scalars[1]) for _ in range(length)])
        objects = [
            {"in": {"side": self._value(self.objects[1])}, "Other One": "x"},
            {},
            {"in": None},
            {"more": 1},
        ]
        put(found, self.objects[0], self.random.choice([None, [], objects, objects[:1]]))
        if self.stamp and self.random.random() < 0.9:
            put(found, self.stamp, datetime.now(UTC))
        return found

    def key_of(self, number: int) -> object:
        return KEYS[self.key_type](number)

    def _value(self, type_: str) -> object:
        return None if self.random.random() < 0.1 else self.random.choice(VALUES[type_][0])


def column(name: str, type_: str, path: str | None, *, required: bool = False) -> Column:
    kept = type_ in KEPT
    return Column(name, "text" if kept else type_, required=required, path=path, bson=type_ if kept else None)


def put(document: dict, place: str, value: object) -> None:
    *path, name = place.split(".")
    for step in path:
        document = document.setdefault(step, {})
    document[name] = value
