"""What makes the value of a document's column unloadable: a check for each column, made ready once.

A check takes a value and returns the rule that it breaks, with the rule's details, or None. The types and
lengths that are usual come first in it: it is called for every value of every document.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from bson import Binary, Code, DatetimeMS, ObjectId
from bson.binary import UUID_SUBTYPE
from bson.int64 import Int64

from include.rules.document_values import Misplaced, number, raw_value
from include.rules.texts import broken_by_length, is_blank
from include.specs import NUMBERS, Column

# A broken rule, and its details.
Broken = tuple[str, *tuple[object, ...]]
Check = Callable[[object], Broken | None]

UUID_BYTES = 16
# Of UTF-8, for one character.
MOST_BYTES = 4
WHOLE = {int, Int64}


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


def check_of(column: Column) -> Check:
    """Return the check of the column's values."""
    wanted = column.bson or column.type
    if wanted == "text":
        return _text_check(column)
    return (
        _number_check(column) if wanted in NUMBERS or wanted == "double precision" else _other_check(column)
    )


def type_name(value: object) -> str:
    """Name the type of a value as people do."""
    names = {str: "text", list: "a list", dict: "an object", bool: "true/false", type(None): "null"}
    names[DatetimeMS] = "a datetime"
    return names.get(type(value), f"a {type(value).__name__}")


def _text_check(column: Column) -> Check:
    """Return the check of a text: of that type, without NUL, not blank where required, not too long."""
    required, missing, bound = column.required, _missing(column), column.max_bytes
    fits = math.inf if bound is None else bound // MOST_BYTES

    def check(value: object) -> Broken | None:
        if value is None:
            return missing
        # Code is a str, too, and may have a scope that a text has not.
        if type(value) is not str and (not isinstance(value, str) or isinstance(value, Code)):
            return _wrong_type("text", value)
        if "\0" in value:
            return ("nul",)
        if required and is_blank(value):
            return ("empty",)
        return broken_by_length(column, value) if len(value) > fits else None

    return check


def _number_check(column: Column) -> Check:
    """Return the check of a number: of BSON's and JSON's types, finite, whole if need be, within bounds."""
    whole, smallest, largest, missing = column.is_whole, column.smallest, column.largest, _missing(column)
    kind = "a whole number" if whole else "a number"
    wrong = ("not_a_whole_number" if whole else "not_a_number",)
    is_number = _fits_double if column.type == "double precision" else _is_finite

    def check(value: object) -> Broken | None:
        if value is None:
            return missing
        if type(value) not in WHOLE:
            value = number(value)
            if isinstance(value, bool | str | list | Mapping) or not hasattr(value, "__float__"):
                return _wrong_type(kind, value)
            if not is_number(value) or (whole and value != int(value)):
                return wrong
        if smallest is not None and value < smallest:
            return "below", smallest
        return ("above", largest) if largest is not None and value > largest else None

    return check


def _other_check(column: Column) -> Check:
    wanted, missing = column.bson or column.type, _missing(column)
    is_right, name = OTHER_TYPES[wanted]

    def check(value: object) -> Broken | None:
        if value is None:
            return missing
        if not is_right(value):
            is_too_far = wanted == "timestamptz" and isinstance(value, DatetimeMS)
            return ("date_range",) if is_too_far else _wrong_type(name, value)
        return broken_by_length(column, raw_value(column, value)) if wanted == "extended_json" else None

    return check


def _missing(column: Column) -> Broken | None:
    return ("missing",) if column.required else None


def _wrong_type(wanted: str, value: object) -> Broken:
    if isinstance(value, Misplaced):
        return "wrong_type", "an object", type_name(value.instead)
    return "wrong_type", wanted, type_name(value)


def _is_finite(value: object) -> bool:
    """Tell numbers from infinities and NaN."""
    # math.isfinite makes a float of it, which a signaling NaN refuses.
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _fits_double(value: object) -> bool:
    """Tell whether PostgreSQL can read the value as double precision: of a decimal, what is not too far."""
    if not isinstance(value, Decimal):
        return True
    if not value.is_finite():
        return not value.is_snan()
    return math.isfinite(float(value)) and bool(float(value)) == bool(value)
