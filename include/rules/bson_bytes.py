"""BSON as bytes: the elements of a document one by one, where a decoder would refuse all of it or drop some.

Data flow: bytes of a document -> elements, each with its type, name and the bytes of its value.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import bson
from bson import CodecOptions, DatetimeConversion

DOUBLE, TEXT, OBJECT, ARRAY, BINARY, UNDEFINED, BOOLEAN, NULL = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0A
REGEX, POINTER, CODE, SYMBOL, CODE_WITH_SCOPE = 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
# Type -> length of its values in bytes, where all have one.
LENGTHS = {DOUBLE: 8, UNDEFINED: 0, 0x07: 12, BOOLEAN: 1, 0x09: 8, NULL: 0, 0x10: 4, 0x11: 8, 0x12: 8}
LENGTHS |= {0x13: 16, 0xFF: 0, 0x7F: 0}
# Type -> the shortest length that its values may tell, and what comes besides that many bytes.
TOLD = {TEXT: (1, 4), CODE: (1, 4), SYMBOL: (1, 4), POINTER: (1, 16), BINARY: (0, 5)}
TOLD |= {OBJECT: (5, 0), ARRAY: (5, 0), CODE_WITH_SCOPE: (14, 0)}
INT32 = struct.Struct("<i")
# What the platform decodes documents with: a date that Python's datetime cannot hold stays a number.
ANY_DATE: CodecOptions = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
LENIENT = ANY_DATE.with_options(unicode_decode_error_handler="backslashreplace")


class BadBytesError(ValueError):
    """From here on, which is in the field `name`, the bytes are no BSON."""

    def __init__(self, what: str, name: bytes = b"") -> None:
        super().__init__(what)
        self.name = name


class Element(NamedTuple):
    """One field of an object, or one element of an array, as it is stored."""

    kind: int
    name: bytes
    value: bytes

    def as_document(self) -> bytes:
        """Return a document that has this value alone; its name is empty."""
        return INT32.pack(len(self.value) + 7) + bytes([self.kind, 0]) + self.value + b"\0"

    def read(self, options: CodecOptions = LENIENT) -> object:
        """Return the decoded value; raises what bson.decode raises."""
        return bson.decode(self.as_document(), options)[""]


def split(batch: bytes) -> Iterator[bytes]:
    """Yield the documents of a batch, by the length that each begins with; what has none is one."""
    place = 0
    while place < len(batch):
        left = len(batch) - place
        length = INT32.unpack_from(batch, place)[0] if left >= INT32.size else left
        length = length if INT32.size < length <= left else left
        yield batch[place : place + length]
        place += length


def elements(document: bytes) -> Iterator[Element]:
    """Yield the elements of an object or array as far as they can be told apart.

    Raises BadBytesError at the place from which they cannot.
    """
    end, place = len(document) - 1, INT32.size
    while place < end:
        kind, name_end = document[place], document.find(b"\0", place + 1, end)
        if name_end < 0:
            raise BadBytesError("a name has no end")
        name, start = document[place + 1 : name_end], name_end + 1
        place = start + _length(kind, document, start, name)
        if place > end:
            raise BadBytesError("a value is longer than what holds it", name)
        yield Element(kind, name, document[start:place])
    if len(document) < 5 or INT32.unpack_from(document)[0] != len(document) or document[end]:
        raise BadBytesError("its length is not what it says")


def readable(text: bytes) -> str:
    """Return bytes that should be UTF-8 as text, others as escapes."""
    return text.decode("utf-8", "backslashreplace").replace("\0", "\\0")


def _length(kind: int, document: bytes, start: int, name: bytes) -> int:
    """Return how many bytes the value has that begins here; raises BadBytesError."""
    if kind in LENGTHS:
        return LENGTHS[kind]
    if kind == REGEX:
        middle = document.find(b"\0", start)
        end = document.find(b"\0", middle + 1)
        if middle < 0 or end < 0:
            raise BadBytesError("a regular expression has no end", name)
        return end + 1 - start
    if kind not in TOLD:
        raise BadBytesError(f"there is no type 0x{kind:02x}", name)
    shortest, besides = TOLD[kind]
    told = INT32.unpack_from(document, start)[0] if start + INT32.size <= len(document) else -1
    if told < shortest:
        raise BadBytesError("a value has a wrong length", name)
    return told + besides
