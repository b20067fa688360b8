"""What makes a document unloadable: the column specs of `sources.yml`, applied to every document.

A value is found by its column's path (document_values.py).

Used twice: on the elements of content.json before they are seeded, and on what the collection holds when it
is extracted, since others may have written there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import methodcaller

import bson
from bson import Code, DatetimeMS, DBRef, ObjectId
from bson.decimal128 import Decimal128
from bson.errors import InvalidDocument
from bson.int64 import Int64

from include.rules.bson_faults import DEEPEST
from include.rules.document_values import Misplaced, printable, reader_of, value_at
from include.rules.reasons import Problem, problem
from include.rules.texts import clipped, keepable
from include.rules.value_checks import check_of, type_name
from include.specs import Array, DocumentKind, MongoCollection

# Characters of JSON. 16 MiB of control characters, six letters each, stay below it, and what stays below it
# fits into the 256 MiB of jsonb. Only arrays without the usual names of their elements could be longer.
LONGEST = 110_000_000
# What is no deeper than it has brackets needs no second look.
SAFE_BRACKETS = DEEPEST - 2
# A NUL in JSON, and no backslash before the letters u0000.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

# Python's type of a decoded value -> BSON's name for it, where they differ.
BSON_TYPES = {str: "string", Int64: "long", float: "double", datetime: "date", dict: "object", list: "array"}
BSON_TYPES |= {type(None): "null", bytes: "binData", Decimal128: "decimal", ObjectId: "objectId"}
BSON_TYPES[DatetimeMS] = "date"

# The most frequent types that hold nothing else.
SCALARS = frozenset({str, int, float, bool, type(None), datetime, ObjectId, Int64, Decimal128})


class DocumentRules:
    """The declared rules of one kind of documents, made ready once for all documents that are judged."""

    def __init__(self, kind: DocumentKind) -> None:
        self._columns = [(column.name, reader_of(column), check_of(column)) for column in kind.columns]
        self._arrays = [_ArrayRules(array) for array in kind.arrays]

    def find_problem(self, document: object) -> Problem | None:
        """Return the first thing wrong with a document that is to be stored, or None."""
        if not isinstance(document, Mapping):
            return problem("wrong_type", "an object", type_name(document), value=repr(document))
        return self.find_broken(document) or _storage_problem(document)

    def find_broken(self, document: Mapping) -> Problem | None:
        """Return the first declared rule that the document breaks, or None."""
        for name, read, check in self._columns:
            if broken := check(value := read(document)):
                return problem(*broken, column=name, value=_shown(value))
        for array in self._arrays:
            if found := array.find_broken(document):
                return found
        return None


class _ArrayRules:
    """The declared rules of an array; a problem's path names the element, counted from 0."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self._checks = [(column, reader_of(column), check_of(column)) for column in array.elements]

    def find_broken(self, document: Mapping) -> Problem | None:
        """Return the first thing wrong with the array in the document."""
        field = self._array.field
        elements = value_at(field, document)
        if elements is None:
            return None
        if isinstance(elements, Misplaced):
            found = type_name(elements.instead)
            return problem("wrong_type", "an object", found, column=field, value=_shown(elements.instead))
        if not isinstance(elements, list):
            shown = _shown(elements)
            return problem("wrong_type", "a list", type_name(elements), column=field, value=shown)
        for position, element in enumerate(elements):
            if found := self._find_in_element(element, position):
                return found
        return None

    def _find_in_element(self, element: object, position: int) -> Problem | None:
        array = self._array
        if array.is_of_objects and not isinstance(element, Mapping):
            place, found = f"{array.field}[{position}]", type_name(element)
            return problem("wrong_type", "an object", found, column=place, value=_shown(element))
        for column, read, check in self._checks:
            if broken := check(value := read(element)):
                place = f"{array.field}[{position}]"
                name = f"{place}.{column.path or column.name}" if array.is_of_objects else place
                return problem(*broken, column=name, value=_shown(value))
        return None


def may_break_jsonb(texts: Sequence[str]) -> bool:
    """Tell whether `find_json_problem` may find something in one of these texts, which are JSON."""
    if "\\u0000" in "".join(texts) or max(map(len, texts)) > LONGEST:
        return True
    return sum(max(map(methodcaller("count", bracket), texts)) for bracket in "{[") > SAFE_BRACKETS


def find_json_problem(document: Mapping, text: str) -> Problem | None:
    """Say why PostgreSQL's jsonb could not hold a document that is stored; `text` is its JSON."""
    # Legal in JSON, but PostgreSQL's jsonb cannot hold it in any field.
    if "\\u0000" in text and NUL.search(text):
        return problem("nul")
    if len(text) > LONGEST:
        return problem("too_long_as_json", f"{LONGEST:,}")
    brackets = text.count("{") + text.count("[")
    return problem("too_deep", DEEPEST) if brackets > SAFE_BRACKETS and _is_too_deep(document) else None


def find_managed_field(collection: MongoCollection, document: object) -> Problem | None:
    """Return a problem when a document of a file brings a field that the platform sets itself."""
    for name in collection.managed_fields:
        if isinstance(document, Mapping) and name in document:
            return problem("managed_field", column=name, value=_shown(document[name]))
    return None


def bson_type(value: object) -> str:
    """Return the name of the BSON type that a decoded value had."""
    return BSON_TYPES.get(type(value), type(value).__name__.lower())


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
