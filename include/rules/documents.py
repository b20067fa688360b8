"""What makes a document unloadable: the column specs of `sources.yml`, applied to every document.

A value is found by its column's path (document_values.py).

Used twice: on the elements of content.json before they are seeded, and on what the collection holds when it
is extracted, since others may have written there.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import bson
from bson import Binary, Code, DatetimeMS, DBRef, ObjectId
from bson.binary import UUID_SUBTYPE
from bson.decimal128 import Decimal128
from bson.errors import InvalidDocument
from bson.int64 import Int64

from include.rules.bson_faults import DEEPEST
from include.rules.document_values import Misplaced, number, printable, raw_value, value_at, value_of
from include.rules.reasons import Problem, problem
from include.rules.texts import broken_by_length, clipped, is_blank, keepable
from include.specs import NUMBERS, Array, Column, DocumentKind, MongoCollection

# Characters of JSON. 16 MiB of control characters, six letters each, stay below it, and what stays below it
# fits into the 256 MiB of jsonb. Only arrays without the usual names of their elements could be longer.
LONGEST = 110_000_000
# A NUL in JSON, and no backslash before the letters u0000.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

# Python's type of a decoded value -> BSON's name for it, where they differ.
BSON_TYPES = {str: "string", Int64: "long", float: "double", datetime: "date", dict: "object", list: "array"}
BSON_TYPES |= {type(None): "null", bytes: "binData", Decimal128: "decimal", ObjectId: "objectId"}
BSON_TYPES[DatetimeMS] = "date"

UUID_BYTES = 16


def is_uuid(value: object) -> bool:
    """Tell whether the value is a UUID; MongoDB also stores bytes of another length under the name."""
    return isinstance(value, Binary) and value.subtype == UUID_SUBTYPE and len(value) == UUID_BYTES


# Type of a column -> whether a value is one, and what people call it.
OTHER_TYPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "boolean": (lambda value: isinstance(value, bool), "true/false"),
    "timestamptz": (lambda value: isinstance(value, datetime), "a date"),
    "objectid": (lambda value: isinstance(value, ObjectId), "an ObjectId"),
    "uuid": (is_uuid, "a UUID"),
    "jsonb": (lambda value: not isinstance(value, Misplaced), "a value"),
    "extended_json": (lambda value: not isinstance(value, Misplaced), "a value"),
}
# The most frequent types that hold nothing else.
SCALARS = frozenset({str, int, float, bool, type(None), datetime, ObjectId, Int64, Decimal128})
# A broken rule, and its details.
Broken = tuple[str, *tuple[object, ...]]


def find_problem(kind: DocumentKind, document: object) -> Problem | None:
    """Return the first thing wrong with the document, or None."""
    if not isinstance(document, Mapping):
        return problem("wrong_type", "an object", _type_name(document), value=repr(document))
    return find_broken_rule(kind, document) or _storage_problem(document)


def find_broken_rule(kind: DocumentKind, document: Mapping) -> Problem | None:
    """Return the first declared rule that the document breaks, or None."""
    for column in kind.columns:
        value = value_of(column, document)
        if broken := _broken_rule(column, value):
            return problem(*broken, column=column.name, value=_shown(value))
    for array in kind.arrays:
        if found := _array_problem(array, value_at(array.field, document)):
            return found
    return None


def find_json_problem(document: Mapping, text: str) -> Problem | None:
    """Say why PostgreSQL's jsonb could not hold a document that is stored; `text` is its JSON."""
    # Legal in JSON, but PostgreSQL's jsonb cannot hold it in any field.
    if "\\u0000" in text and NUL.search(text):
        return problem("nul")
    if len(text) > LONGEST:
        return problem("too_long_as_json", f"{LONGEST:,}")
    # What is no deeper than it has brackets needs no second look.
    brackets = text.count("{") + text.count("[")
    return problem("too_deep", DEEPEST) if brackets > DEEPEST - 2 and _is_too_deep(document) else None


def find_value_problem(column: Column, value: object) -> Problem | None:
    """Return what is wrong with one value as one of the column, or None."""
    broken = _broken_rule(column, value)
    return problem(*broken, column=column.name, value=_shown(value)) if broken else None


def find_managed_field(collection: MongoCollection, document: object) -> Problem | None:
    """Return a problem when a document of a file brings a field that the platform sets itself."""
    for name in collection.managed_fields:
        if isinstance(document, Mapping) and name in document:
            return problem("managed_field", column=name, value=_shown(document[name]))
    return None


def bson_type(value: object) -> str:
    """Return the name of the BSON type that a decoded value had."""
    return BSON_TYPES.get(type(value), type(value).__name__.lower())


def _broken_rule(column: Column, value: object) -> Broken | None:
    """Return the rule that the value breaks as one of the column, with the rule's details."""
    if value is None:
        return ("missing",) if column.required else None
    broken = _broken_by_type(column, value)
    if broken and isinstance(value, Misplaced):
        return "wrong_type", "an object", _type_name(value.instead)
    return broken


def _broken_by_type(column: Column, value: object) -> Broken | None:
    """Return the rule of its type that a value breaks."""
    wanted = column.bson or column.type
    if wanted == "text":
        return _broken_by_text(column, value)
    if wanted in NUMBERS or wanted == "double precision":
        return _broken_by_number(column, number(value))
    if wanted == "timestamptz" and isinstance(value, DatetimeMS):
        return ("date_range",)
    is_right, name = OTHER_TYPES[wanted]
    if not is_right(value):
        return "wrong_type", name, _type_name(value)
    return broken_by_length(column, raw_value(column, value)) if wanted == "extended_json" else None


def _broken_by_text(column: Column, value: object) -> Broken | None:
    """Judge a text: of that type, without JSON's NUL, not blank where required, not beyond its bound."""
    # Code is a str, too, and may have a scope that a text has not.
    if not isinstance(value, str) or isinstance(value, Code):
        return "wrong_type", "text", _type_name(value)
    if "\0" in value:
        return ("nul",)
    if column.required and is_blank(value):
        return ("empty",)
    return broken_by_length(column, value)


def _broken_by_number(column: Column, value: object) -> Broken | None:
    """Judge a number: of BSON's and JSON's types, finite, whole where the column is, within the bounds."""
    whole = column.is_whole
    if isinstance(value, bool | str | list | Mapping) or not hasattr(value, "__float__"):
        return "wrong_type", "a whole number" if whole else "a number", _type_name(value)
    is_number = _fits_double(value) if column.type == "double precision" else _is_finite(value)
    if not is_number or (whole and value != int(value)):
        return ("not_a_whole_number" if whole else "not_a_number",)
    if column.smallest is not None and value < column.smallest:
        return "below", column.smallest
    if column.largest is not None and value > column.largest:
        return "above", column.largest
    return None


def _is_finite(value: object) -> bool:
    """Tell numbers from infinities and NaN."""
    # math.isfinite makes a float of it, which a whole number of any length and a signaling NaN refuse.
    return isinstance(value, int) or (
        value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    )


def _fits_double(value: object) -> bool:
    """Tell whether PostgreSQL can read the value as double precision: of a decimal, what is not too far."""
    if not isinstance(value, Decimal):
        return True
    if not value.is_finite():
        return not value.is_snan()
    return math.isfinite(float(value)) and bool(float(value)) == bool(value)


def _array_problem(array: Array, elements: object) -> Problem | None:
    """Return the first thing wrong with an array; its path names the element, counted from 0."""
    if elements is None:
        return None
    if isinstance(elements, Misplaced):
        found = _type_name(elements.instead)
        return problem("wrong_type", "an object", found, column=array.field, value=_shown(elements.instead))
    if not isinstance(elements, list):
        shown = _shown(elements)
        return problem("wrong_type", "a list", _type_name(elements), column=array.field, value=shown)
    for position, element in enumerate(elements):
        if found := _element_problem(array, element, f"{array.field}[{position}]"):
            return found
    return None


def _element_problem(array: Array, element: object, place: str) -> Problem | None:
    """Return the first thing wrong with an element of an array."""
    if array.is_of_objects and not isinstance(element, Mapping):
        return problem("wrong_type", "an object", _type_name(element), column=place, value=_shown(element))
    for column in array.elements:
        value = value_of(column, element)
        if broken := _broken_rule(column, value):
            name = f"{place}.{column.path or column.name}" if array.is_of_objects else place
            return problem(*broken, column=name, value=_shown(value))
    return None


def _storage_problem(document: Mapping) -> Problem | None:
    """Say why MongoDB, or PostgreSQL's jsonb after it, could not hold the document."""
    level: list[object] = [document]
    for _ in range(DEEPEST):
        inner = [value for outer in level for value in _values_in(outer)]
        # JSON's \u0000 is legal, but PostgreSQL's jsonb cannot hold it in any field.
        if any("\0" in value for value in inner if isinstance(value, str)):
            return problem("nul")
        if not (level := [value for value in inner if type(value) not in SCALARS]):
            return _encoding_problem(document)
    return problem("too_deep", DEEPEST)


def _is_too_deep(document: Mapping) -> bool:
    level: list[object] = [document]
    return all(level := [inner for value in level for inner in _values_in(value)] for _ in range(DEEPEST))


def _encoding_problem(document: Mapping) -> Problem | None:
    """Say why the document is no BSON."""
    try:
        bson.encode(document)
    except (InvalidDocument, OverflowError, UnicodeEncodeError) as error:
        # Some name the value, which may be the whole document.
        return problem("not_storable", clipped(error))
    return None


def _values_in(value: object) -> Iterable[object]:
    """Return what is in an object, a list, or a type of BSON that holds an object."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, DBRef):
        return value.as_doc().values()
    inner = value.scope if isinstance(value, Code) else value
    return inner.values() if isinstance(inner, Mapping) else ()


def _shown(value: object) -> str | None:
    """Return the value as text that PostgreSQL can keep."""
    if value is None:
        return None
    if isinstance(value, Misplaced):
        return _shown(value.instead)
    return keepable(printable(value))


def _type_name(value: object) -> str:
    """Name the type of a value as people do."""
    names = {str: "text", list: "a list", dict: "an object", bool: "true/false", type(None): "null"}
    names[DatetimeMS] = "a datetime"
    return names.get(type(value), f"a {type(value).__name__}")
