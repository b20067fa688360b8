"""What makes a document unloadable: the column specs of `tables.py`, applied to every document.

Used twice: on the elements of content.json before they are seeded, and on what the collection holds when it
is extracted, since others may have written there.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import bson
from bson import ObjectId
from bson.decimal128 import Decimal128
from bson.errors import InvalidDocument
from bson.int64 import Int64

from include.tables import Array, Column, DocumentKind

# The fields that the platform sets itself when it plays the product.
MANAGED_FIELDS = ("_id", "content_type", "created_at", "updated_at")
# What MongoDB takes.
DEEPEST = 100

# Python's type of a decoded value -> BSON's name for it, where they differ.
BSON_TYPES = {str: "string", Int64: "long", float: "double", datetime: "date", dict: "object", list: "array"}
BSON_TYPES |= {type(None): "null", bytes: "binData", Decimal128: "decimal", ObjectId: "objectId"}

Problem = tuple[str | None, str | None, str]


def find_problem(kind: DocumentKind, document: object) -> Problem | None:
    """Return (path, value, reason) of the first thing wrong with the document, or None."""
    if not isinstance(document, Mapping):
        return None, repr(document), f"is not an object but {_type_name(document)}"
    for column in kind.columns:
        if reason := _value_problem(column, document.get(column.name)):
            return column.name, _shown(document.get(column.name)), reason
    for array in kind.arrays:
        if problem := _array_problem(array, document.get(array.field)):
            return problem
    return _storage_problem(document)


def find_managed_field(document: object) -> Problem | None:
    """Return a problem when a document of a file brings a field that the platform sets itself."""
    for name in MANAGED_FIELDS:
        if isinstance(document, Mapping) and name in document:
            return name, _shown(document[name]), "is set by the platform; take the field out of the file"
    return None


def bson_type(value: object) -> str:
    """Return the name of the BSON type that a decoded value had."""
    return BSON_TYPES.get(type(value), type(value).__name__.lower())


def number(value: object) -> object:
    """Return the value as PostgreSQL reads it: BSON's decimal becomes Python's."""
    return value.to_decimal() if isinstance(value, Decimal128) else value


def _value_problem(column: Column, value: object) -> str | None:
    if value is None:
        return "is missing" if column.required else None
    if column.type == "text":
        return _text_problem(column, value)
    return _number_problem(column, number(value))


def _text_problem(column: Column, value: object) -> str | None:
    if not isinstance(value, str):
        return f"is not text but {_type_name(value)}"
    if "\0" in value:
        return "holds a NUL character"
    return "is empty" if column.required and not value.strip() else None


def _number_problem(column: Column, value: object) -> str | None:
    whole = column.is_whole
    noun = "a whole number" if whole else "a number"
    if isinstance(value, bool | str | list | Mapping) or not hasattr(value, "__float__"):
        return f"is not {noun} but {_type_name(value)}"
    if not _is_finite(value) or (whole and value != int(value)):
        return f"is not {noun}"
    maximum = column.largest
    if column.minimum is not None and value < column.minimum:
        return f"is below {column.minimum}"
    if maximum is not None and value > maximum:
        return f"is above {maximum}"
    return None


def _is_finite(value: object) -> bool:
    # math.isfinite makes a float of it, which a whole number of any length and a signaling NaN refuse.
    return isinstance(value, int) or (
        value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    )


def _array_problem(array: Array, elements: object) -> Problem | None:
    if elements is None:
        return None
    if not isinstance(elements, list):
        return array.field, _shown(elements), f"is not a list but {_type_name(elements)}"
    for position, element in enumerate(elements):
        if reason := _value_problem(array.element, element):
            return f"{array.field}[{position}]", _shown(element), reason
    return None


def _storage_problem(document: Mapping) -> Problem | None:
    try:
        encoded = bson.encode(document)
    except (InvalidDocument, OverflowError, RecursionError, UnicodeEncodeError) as error:
        return None, None, f"cannot be stored in MongoDB: {error}"
    level = [bson.decode(encoded)]
    for _ in range(DEEPEST):
        # JSON's \u0000 is legal, but PostgreSQL's jsonb cannot hold it in any field.
        if any(isinstance(value, str) and "\0" in value for value in level):
            return None, None, "holds a NUL character"
        if not (level := [inner for value in level for inner in _values_in(value)]):
            return None
    return None, None, f"is nested more than {DEEPEST} levels deep"


def _values_in(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _shown(value: object) -> str | None:
    if value is None:
        return None
    # Half a surrogate pair is legal in JSON; like NUL, PostgreSQL cannot keep it.
    return str(value).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _type_name(value: object) -> str:
    names = {str: "text", list: "a list", dict: "an object", bool: "true/false", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")
