"""What is wrong with a stored document: found in its bytes, where decoding fails or drops something."""

import re

from include.rules import bson_bytes as b
from include.rules.bson_bytes import BadBytesError, Element, elements, readable
from include.rules.reasons import Problem, problem

# What MongoDB takes.
DEEPEST = 100
# In bytes, where a name is told.
LONGEST_NAME = 200
REFERENCE, REFERENCED, DATABASE = b"$ref", b"$id", b"$db"
# By these names extended JSON says that an object stands for a value of another type.
TYPE_NAMES = (
    b"oid date symbol undefined uuid binary code scope timestamp regularExpression dbPointer minKey maxKey"
    b" numberInt numberLong numberDouble numberDecimal"
)
# What the driver's classes make a str of.
STRINGS = {b.TEXT, b.CODE, b.SYMBOL, b.CODE_WITH_SCOPE}
RESERVED = {b"$" + name for name in TYPE_NAMES.split()}
# Finds every object with such a name, and now and then a text that only looks like one.
MAY_BE_RESERVED = re.compile(rb"\$(?:" + b"|".join(TYPE_NAMES.split()) + rb")\0")
FLAGS = {ord(letter) for letter in "ilmsux"}


def find_fault(document: bytes, place: str = "", depth: int = 1, *, in_array: bool = False) -> Problem | None:
    """Return the first thing because of which a decoded document would not be the stored one, or None.

    The problem's column is the path: `a.b[0]`, counted from 0.
    """
    if depth > DEEPEST:
        return problem("too_deep", DEEPEST)
    kinds: dict[bytes, int] = {}
    try:
        for number, element in enumerate(elements(document)):
            here = f"{place}[{number}]" if in_array else _inside(place, element.name)
            found = None if in_array else _wrong_name(element.name, kinds, here)
            if found := found or _wrong_value(element, here, depth):
                return found
            kinds.setdefault(element.name, element.kind)
    except BadBytesError as error:
        return _unreadable(error, _inside(place, error.name) if error.name else place)
    return None if in_array else _wrong_reference(kinds, place)


def _inside(place: str, name: bytes) -> str:
    shown = readable(name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…".encode())
    return f"{place}.{shown}" if place else shown


def _wrong_name(name: bytes, seen: dict[bytes, int], here: str) -> Problem | None:
    """Judge a name: UTF-8, the only one of its object, and none by which extended JSON marks a type."""
    if not _is_utf8(name):
        return problem("name_not_utf8", column=here)
    if name in seen:
        return problem("repeated_name", column=here)
    return problem("reserved_name", column=here) if name in RESERVED else None


def _wrong_value(element: Element, here: str, depth: int) -> Problem | None:
    """Judge a value: texts are UTF-8, and nothing is in it that a decoder would leave out."""
    kind, value = element.kind, element.value
    if kind in {b.OBJECT, b.ARRAY}:
        return find_fault(value, here, depth + 1, in_array=kind == b.ARRAY)
    if kind == b.CODE_WITH_SCOPE:
        return _wrong_code(value, here, depth)
    if kind == b.BOOLEAN and value[0] > 1:
        return _unreadable(f"{value[0]} is neither true nor false", here)
    if kind == b.BINARY and value[4] == 2 and not _is_old_binary(value):
        return _unreadable("a value has a wrong length", here)
    if kind == b.REGEX:
        return _wrong_regex(value, here)
    if kind in {b.TEXT, b.CODE, b.SYMBOL, b.POINTER}:
        return _wrong_text(value[4:-12] if kind == b.POINTER else value[4:], here)
    return None


def _wrong_text(text: bytes, here: str) -> Problem | None:
    if text[-1]:
        return _unreadable("a text has no end", here)
    return None if _is_utf8(text) else problem("not_utf8", column=here, value=readable(text[:-1]))


def _wrong_code(value: bytes, here: str, depth: int) -> Problem | None:
    """Judge code with its scope, which is a document of its own."""
    length = b.INT32.unpack_from(value, 4)[0]
    if not 1 <= length <= len(value) - 13:
        return _unreadable("a value has a wrong length", here)
    scope = value[8 + length :]
    return _wrong_text(value[8 : 8 + length], here) or find_fault(scope, f"{here}.$scope", depth + 1)


def _wrong_regex(value: bytes, here: str) -> Problem | None:
    pattern, options, _ = value.split(b"\0")
    if not _is_utf8(pattern + options):
        return problem("not_utf8", column=here, value=readable(pattern + b"/" + options))
    if set(options) - FLAGS or len(options) != len(set(options)):
        return _unreadable(f"a regular expression has the options {readable(options)}", here)
    return None


def _is_old_binary(value: bytes) -> bool:
    """Tell whether bytes of the old subtype 2, which begin with their length once more, have it right."""
    return len(value) >= 9 and b.INT32.unpack_from(value, 5)[0] == len(value) - 9


def _wrong_reference(kinds: dict[bytes, int], place: str) -> Problem | None:
    """Judge a reference to another document: the driver drops a database that is null."""
    is_reference = kinds.get(REFERENCE) in STRINGS and REFERENCED in kinds
    if is_reference and kinds.get(DATABASE) in {b.NULL, b.UNDEFINED}:
        return _unreadable("a reference has null as $db", place)
    return None


def _unreadable(what: object, place: str) -> Problem:
    return problem("unreadable", what, column=place or None)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
