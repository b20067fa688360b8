"""Values of documents: found by a column's path, and turned into what raw keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import methodcaller

from bson import DatetimeMS, json_util
from bson.decimal128 import Decimal128

from include.rules.document_json import for_jsonb
from include.specs import LARGEST, Column


@dataclass(frozen=True)
class Misplaced:
    """Stands for a value that cannot be reached: something on its path is no object."""

    instead: object


def reader_of(column: Column) -> Callable[[object], object]:
    """Return what finds the column's value in a document or in an element of an array."""
    return methodcaller("get", column.name) if column.path is None else reader_at(column.path)


def reader_at(path: str) -> Callable[[object], object]:
    """Return what finds the value at a path."""
    if not path:
        return lambda element: element
    return partial(value_at, path) if "." in path else partial(_field_at, path)


def _field_at(name: str, document: object) -> object:
    """Return what `value_at` does for a path of one name."""
    return document.get(name) if type(document) is dict else value_at(name, document)


def value_at(path: str, document: object) -> object:
    """Return what the path leads to, field by field; the empty path to the document itself."""
    value = document
    for name in path.split(".") if path else ():
        # A decoded object is a dict; to ask for that is a quarter of the time.
        if type(value) is not dict and not isinstance(value, Mapping):
            return None if value is None else Misplaced(value)
        value = value.get(name)
    return value


def stamp_of(document: object, watermark: str | None) -> object:
    """Return what the document has as its stamp; None where the source has no watermark."""
    stamp = value_at(watermark, document) if watermark else None
    return stamp.instead if isinstance(stamp, Misplaced) else stamp


def raw_value(column: Column, value: object) -> object:
    """Return a checked value as raw keeps it."""
    wanted = column.bson or column.type
    if value is None or wanted == "text":
        return value
    if wanted in LARGEST:
        # 8.0 is a whole number in JSON, and was checked to be one.
        return int(number(value))
    if wanted == "extended_json":
        return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS)
    if wanted == "jsonb":
        return for_jsonb(value)
    return value.as_uuid() if wanted == "uuid" else number(value)


def number(value: object) -> object:
    """Return the value as PostgreSQL reads it: BSON's decimal becomes Python's."""
    return value.to_decimal() if isinstance(value, Decimal128) else value


def printable(value: object) -> str:
    """Return the value as text that PostgreSQL can keep."""
    if isinstance(value, DatetimeMS):
        return f"{int(value)} ms since 1970"
    # NUL is the one character that PostgreSQL cannot keep.
    return str(value).replace("\0", "\\0")
