"""Statistics of a collection's fields: where values are, of which types, and how often. Memory is bounded.

What is counted are at most MOST_FIELDS fields of one object and MOST_IN_ALL of all documents; an object with
more of them is `open`: its keys are probably data themselves.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bson import DatetimeMS, Decimal128

from include.rules.documents import bson_type
from include.rules.value_checks import is_uuid

MOST_FIELDS = 200
MOST_IN_ALL = 1000
DEEPEST = 4
# A field tells kinds of documents apart by so many values at most, and these are not longer than that.
MOST_VALUES = 10
LONGEST_VALUE = 60


@dataclass
class Field:
    """One place in the documents: the types of what was there, and what is inside of it."""

    types: Counter[str] = field(default_factory=Counter)
    fields: dict[str, "Field"] = field(default_factory=dict)
    elements: "Field | None" = None
    is_open: bool = False

    @property
    def nulls(self) -> int:
        return self.types["null"]

    @property
    def values(self) -> int:
        """How often there was something else than null."""
        return self.types.total() - self.nulls

    @property
    def kinds(self) -> set[str]:
        """The types of its values."""
        return set(self.types) - {"null"}


@dataclass
class Beside:
    """The documents that have a certain text in a field: which fields all of them have, and which any."""

    documents: int
    always: frozenset[str]
    ever: frozenset[str]

    def add(self, fields: frozenset[str]) -> None:
        """Count a document that has these fields."""
        self.documents += 1
        # Mostly the fields are the same, and nothing new is made.
        self.always = self.always if self.always <= fields else self.always & fields
        self.ever = self.ever if self.ever >= fields else self.ever | fields


@dataclass
class Scan:
    """The statistics of all documents that were added.

    `tags` has each field of few texts, and what stands beside each of these.
    """

    documents: int = 0
    root: Field = field(default_factory=Field)
    with_nul: int = 0
    with_fault: int = 0
    tags: dict[str, dict[str, Beside]] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _fields: int = 0
    _has_nul: bool = False

    def add(self, document: Mapping) -> None:
        """Count a document."""
        self.documents += 1
        self._has_nul = False
        self._add_value(self.root, document, 0)
        self.with_nul += self._has_nul
        self._add_tags(document)

    def _add_value(self, place: Field, value: object, depth: int) -> None:
        kind = type_of(value)
        place.types[kind] += 1
        if kind == "string":
            self._has_nul |= "\0" in value
        elif kind == "object":
            for name, inner in value.items():
                if found := self._field(place, name, depth):
                    self._add_value(found, inner, depth + 1)
        elif kind == "array":
            place.elements = place.elements or Field()
            for element in value:
                self._add_value(place.elements, element, depth + 1)

    def _field(self, place: Field, name: str, depth: int) -> Field | None:
        """Return the field of an object, or None where no more are counted."""
        if found := place.fields.get(name):
            return found
        if depth >= DEEPEST or len(place.fields) >= MOST_FIELDS or self._fields >= MOST_IN_ALL:
            place.is_open = True
            return None
        self._fields += 1
        return place.fields.setdefault(name, Field())

    def _add_tags(self, document: Mapping) -> None:
        counted = document.keys() & self.root.fields.keys()
        fields = frozenset(name for name in counted if document[name] is not None)
        for name in counted - self._refused:
            text = document[name]
            values = self.tags.setdefault(name, {})
            if not isinstance(text, str) or len(text) > LONGEST_VALUE:
                self._refuse(name)
            elif found := values.get(text):
                found.add(fields)
            elif len(values) == MOST_VALUES:
                self._refuse(name)
            else:
                values[text] = Beside(1, fields, fields)

    def _refuse(self, name: str) -> None:
        """Follow the field no more: what is no text, or one of many, says no kind."""
        self._refused.add(name)
        del self.tags[name]


def type_of(value: object) -> str:
    """Return the name of a value's BSON type, and of what needs care within one."""
    if is_uuid(value):
        return "uuid"
    if isinstance(value, DatetimeMS):
        return "date out of range"
    if (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, Decimal128) and not value.to_decimal().is_finite()
    ):
        return f"{bson_type(value)} not finite"
    return "binData" if isinstance(value, bytes) else bson_type(value)
