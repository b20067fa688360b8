"""Documents as the server handed them out, each decoded by itself: one that is broken keeps no other out.

Data flow: bytes of a batch -> documents, with what is wrong with those that cannot be kept as they are.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import methodcaller

import bson
from bson.errors import BSONError

from include.rules.bson_bytes import (
    ANY_DATE,
    ARRAY,
    OBJECT,
    BadBytesError,
    Element,
    elements,
    readable,
    split,
)
from include.rules.bson_faults import DEEPEST, MAY_BE_RESERVED, find_fault
from include.rules.document_json import for_jsonb, to_json
from include.rules.positions import position_of
from include.rules.reasons import Problem, problem
from include.rules.texts import clipped

# What decoding raises, and encoding after it, whatever the bytes are.
UNREADABLE = (BSONError, ValueError, TypeError, OverflowError, RecursionError)


@dataclass(slots=True)
class StoredDocument:
    """A document, its bytes, and why it cannot be kept; then `document` is what could be read of it."""

    stored: bytes
    document: dict[str, object]
    fault: Problem | None = None

    @property
    def position(self) -> str:
        """The words for its `_id`."""
        return position_of(self.stored)

    @property
    def text(self) -> str:
        """What it says, as JSON: with repeated names, and with escapes for bytes that are not UTF-8."""
        try:
            return as_text(self.stored) if self.fault else to_json(self.document)
        except RecursionError:
            return as_text(self.stored)

    @property
    def jsonb(self) -> str:
        """What a document without a fault says, as JSON for PostgreSQL's jsonb."""
        try:
            return for_jsonb(self.document)
        except RecursionError:
            return as_text(self.stored)


def read_document(stored: bytes) -> StoredDocument:
    """Decode a document, and find what decoding fails at or would leave out."""
    document, why = None, None
    try:
        document = bson.decode(stored, ANY_DATE)
        # What makes the same bytes again was decoded whole: no name came twice, nothing was dropped.
        if bson.encode(document) == stored and not MAY_BE_RESERVED.search(stored):
            return StoredDocument(stored, document)
    except UNREADABLE as error:
        why = problem("unreadable", clipped(error))
    if fault := find_fault(stored) or why:
        return StoredDocument(stored, _readable_part(stored), fault)
    return StoredDocument(stored, document)


def read_batch(batch: bytes) -> Iterator[StoredDocument]:
    """Yield the documents of a batch as a server sends it, each decoded and judged by itself."""
    return map(read_document, split(batch))


def read_together(stored: Sequence[bytes]) -> list[StoredDocument]:
    """Decode and judge documents: at once where all can be kept as they are, which one comparison tells."""
    with suppress(*UNREADABLE):
        # A date that is none of Python's raises: to allow for one takes a seventh more time.
        documents = bson.decode_all(b"".join(stored))
        came = b"".join(chain.from_iterable(zip(_heads(len(stored)), stored, strict=False)))
        if _as_elements(documents) == came and not MAY_BE_RESERVED.search(came):
            return list(map(StoredDocument, stored, documents))
    return list(map(read_document, stored))


def glance_together(stored: Sequence[bytes], names: Iterable[bytes]) -> list[StoredDocument]:
    """Decode documents as `glance_at` does, at once where each name stands exactly once in all of them."""
    if all(set(map(methodcaller("count", name), stored)) <= {1} for name in names):
        with suppress(*UNREADABLE):
            return list(map(StoredDocument, stored, bson.decode_all(b"".join(stored), ANY_DATE)))
    return [glance_at(each, names) for each in stored]


def glance_at(stored: bytes, names: Iterable[bytes]) -> StoredDocument:
    """Decode a document of which only fields with these names count: other ones may have any fault.

    A name ends with NUL. Where one does not stand exactly once, the whole document is judged.
    """
    for name in names:
        if stored.count(name) != 1:
            return read_document(stored)
    try:
        return StoredDocument(stored, bson.decode(stored, ANY_DATE))
    except UNREADABLE:
        return read_document(stored)


def _as_elements(documents: Sequence[dict[str, object]]) -> bytes:
    """Encode documents as the elements of an array."""
    # Before them: two lengths, a type and an empty name; after them: two ends.
    return bson.encode({"": documents})[10:-2]


def _heads(count: int) -> list[bytes]:
    """Return what stands before each of so many documents in an array, or of more: type and index."""
    return _heads_of(1 << count.bit_length())


@cache
def _heads_of(count: int) -> list[bytes]:
    return [b"\x03%d\0" % index for index in range(count)]


def as_text(document: bytes, depth: int = 1, *, in_array: bool = False) -> str:
    """Return an object or array as relaxed extended JSON, as far as its elements can be told apart."""
    parts = []
    try:
        for element in elements(document):
            value = _value_as_text(element, depth)
            parts.append(value if in_array else f"{json.dumps(readable(element.name))}: {value}")
    except BadBytesError:
        rest = json.dumps(document.hex())
        parts.append(rest if in_array else f'"$bytes": {rest}')
    inner = ", ".join(parts)
    return f"[{inner}]" if in_array else f"{{{inner}}}"


def _value_as_text(element: Element, depth: int) -> str:
    if element.kind in {OBJECT, ARRAY} and depth <= DEEPEST:
        return as_text(element.value, depth + 1, in_array=element.kind == ARRAY)
    try:
        return to_json(element.read())
    except UNREADABLE:
        return json.dumps({"$bytes": element.value.hex()})


def _readable_part(stored: bytes) -> dict[str, object]:
    """Return the fields that can be read, of a repeated name the first; other bytes than UTF-8 as escapes."""
    found: dict[str, object] = {}
    with suppress(BadBytesError):
        for element in elements(stored):
            with suppress(*UNREADABLE):
                found.setdefault(readable(element.name), element.read())
    return found
