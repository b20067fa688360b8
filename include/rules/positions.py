"""How a document is named where its `_id` must tell it apart: in quarantine, in counts and in reports.

An ObjectId is its 24 digits; an int, a finite double, true, false and null are written as in JSON, and a
text as it is. Everything else, and a text that would read like one of the others, is canonical extended JSON:
5 and "5" and {"$numberLong": "5"} are three. What extended JSON does not tell apart, and what is too long,
ends with a hash of the bytes.
"""

import hashlib
import json
import math
import re
from contextlib import suppress

import bson
from bson import Int64, ObjectId, json_util
from bson.errors import BSONError

from include.rules.bson_bytes import ANY_DATE, BadBytesError, Element, elements
from include.rules.bson_faults import find_fault

# In bytes: PostgreSQL's index takes no more than 2,704 for all columns of quarantine's key.
LONGEST = 600
# Texts that could be taken for something else.
NOT_PLAIN = re.compile(r'[0-9a-fA-F]{24}|[\s"{\[].*|.*(\\|sha256:|\s$).*|', re.DOTALL)


def position_of(document: bytes) -> str:
    """Return the words for the document's `_id`: equal for equal ids, and for no others."""
    found = id_of(document)
    if found is None:
        return _marked("no _id", document)
    text = _id_in_words(found)
    is_exact = _is_exact(found.as_document()) and len(text.encode()) <= LONGEST
    return text if is_exact else _marked(_cut(text), bytes([found.kind]) + found.value)


def id_of(document: bytes) -> Element | None:
    """Return the document's `_id` as it is stored, or None where there is none that can be found."""
    return next(iter(elements_of(document, b"_id")), None)


def elements_of(document: bytes, name: bytes) -> list[Element]:
    """Return the top-level fields of a name: several, where the document repeats it."""
    found = []
    # What stands before a place that cannot be read is known.
    with suppress(BadBytesError):
        found.extend(element for element in elements(document) if element.name == name)
    return found


def _id_in_words(found: Element) -> str:
    try:
        return in_words(found.read())
    except (BSONError, RecursionError):
        return f"bytes {found.value[: LONGEST // 2].hex()}"


def in_words(value: object) -> str:
    """Return the words for a value that is an `_id`."""
    if isinstance(value, ObjectId):
        return str(value)
    # Not isinstance: Code is a str, too.
    if type(value) is str:
        return value if _is_plain(value) else _quoted(value)
    if value is None or (isinstance(value, int) and not isinstance(value, Int64)):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS)


def _is_plain(text: str) -> bool:
    """Tell whether a text can be nothing else when it stands without quotes."""
    if NOT_PLAIN.fullmatch(text) or not text.isprintable():
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return True
    return False


def _quoted(text: str) -> str:
    """Return a text in quotes; characters that nobody sees are escapes."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _is_exact(document: bytes) -> bool:
    """Tell whether canonical extended JSON says everything of the value."""
    try:
        return bson.encode(bson.decode(document, ANY_DATE)) == document and not find_fault(document)
    except (BSONError, RecursionError):
        return False


def _cut(text: str) -> str:
    """Return the beginning of a long text."""
    cut = text.encode()[: LONGEST // 2].decode(errors="ignore")
    return text if len(text.encode()) <= LONGEST else f"{cut}…"


def _marked(text: str, said: bytes) -> str:
    return f"{text} sha256:{hashlib.sha256(said).hexdigest()}"
