"""Rows of documents that have nothing unusual, thousands at once and column by column.

A few calls judge all values of a column by their types, their extremes, and signs that any of them has. Where
one of them is in doubt, nothing is said of any document: then each is judged by itself (mongo_documents.py).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat
from typing import NamedTuple

from bson.int64 import Int64

from include.extract_load.document_rows import writer_of
from include.extract_load.raw import NULL, field_of, text_field
from include.rules.document_json import all_for_jsonb, by_field, fields_for_jsonb, moments, numbers
from include.rules.document_values import reader_at, reader_of
from include.rules.documents import find_json_problem, may_break_jsonb
from include.rules.texts import is_blank
from include.rules.value_checks import MOST_BYTES, WHOLE, check_of
from include.specs import LARGEST, NUMBERS, Array, Column, DocumentKind

# The fields of a column's values in COPY's text format; None where one of them is unusual.
Fields = Callable[[Sequence[object]], list[str] | None]
NONE = {type(None)}


class PlainKind:
    """Makes the rows of one kind's documents, each with the values of `stamps` at its end."""

    def __init__(self, kind: DocumentKind, watermark: str | None, stamps: Mapping[str, str]) -> None:
        self._raw, self._watermark = kind.raw, _Place.at(watermark) if watermark else None
        self._stamps = [field_of(value) for value in stamps.values()]
        self._columns = [(_Place.of(column), fields_of(column)) for column in kind.columns]
        self._arrays = [_PlainArray(array, self._stamps) for array in kind.arrays]

    def rows(self, documents: Sequence[dict[str, object]]) -> dict[str, list[str]] | None:
        """Return the rows by raw table, None where one of the documents is unusual."""
        found = _Found(documents, by_field(documents))
        columns, stamps = _columns_of(found, self._columns), self._stamps_of(found)
        if columns is None or stamps is None or (texts := _texts_of(found)) is None:
            return None
        rows = {self._raw: _joined([*columns, stamps, texts], self._stamps)}
        for array in self._arrays:
            if (of_array := array.rows(found, columns[0], stamps)) is None:
                return None
            rows[array.raw] = of_array
        return rows

    def _stamps_of(self, found: "_Found") -> list[str] | None:
        if self._watermark is None:
            return [NULL] * len(found.rows)
        stamps = found.values(self._watermark)
        types = set(map(type, stamps))
        if types == {datetime}:
            return [f"{stamp}Z" for stamp in moments(stamps)]
        return list(map(field_of, stamps)) if types <= {datetime, *NONE} else None


class _PlainArray:
    """Makes the rows of an array: key of the document, place from 1 on, values of the element."""

    def __init__(self, array: Array, stamps: Sequence[str]) -> None:
        self.raw, self._place, self._stamps = array.raw, _Place.at(array.field), stamps
        self._is_of_objects = array.is_of_objects
        self._columns = [(_Place.of(column), fields_of(column)) for column in array.elements]

    def rows(self, found: "_Found", keys: Sequence[str], stamps: Sequence[str]) -> list[str] | None:
        """Return the rows of documents with these keys and stamps, None where one of them is unusual."""
        arrays = found.values(self._place)
        if not set(map(type, arrays)) <= {list, *NONE}:
            return None
        arrays = [array or () for array in arrays]
        elements = list(chain.from_iterable(arrays))
        if self._is_of_objects and not set(map(type, elements)) <= {dict}:
            return None
        if (columns := _columns_of(_Found(elements), self._columns)) is None:
            return None
        sizes = list(map(len, arrays))
        places = [str(place) for size in sizes for place in range(1, size + 1)]
        return _joined([_each(keys, sizes), places, *columns, _each(stamps, sizes)], self._stamps)


class _Place(NamedTuple):
    """Where values stand: in the field `name`, if it is one of a document's own, and what finds them."""

    name: str | None
    read: Callable[[object], object]

    @classmethod
    def of(cls, column: Column) -> "_Place":
        return cls(column.name, reader_of(column)) if column.path is None else cls.at(column.path)

    @classmethod
    def at(cls, path: str) -> "_Place":
        return cls(path if path and "." not in path else None, reader_at(path))


@dataclass(frozen=True)
class _Found:
    """Documents, or elements of arrays, and their values by field where all have the same fields."""

    rows: Sequence[object]
    fields: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def values(self, place: _Place) -> Sequence[object]:
        """Return the value of each."""
        return self.fields[place.name] if place.name in self.fields else list(map(place.read, self.rows))


def fields_of(column: Column) -> Fields:
    """Return what judges and writes the values of a column."""
    wanted = column.bson or column.type
    if wanted == "text":
        return _texts(column)
    return _numbers(column) if wanted in NUMBERS else _others(column)


def _texts(column: Column) -> Fields:
    allowed = {str} if column.required else {str, *NONE}
    fits = math.inf if column.max_bytes is None else column.max_bytes // MOST_BYTES

    def fields(values: Sequence[object]) -> list[str] | None:
        types = set(map(type, values))
        present = values if types <= {str} else [value for value in values if value is not None]
        if not types <= allowed or max(map(len, present), default=0) > fits:
            return None
        together = "".join(present)
        if "\0" in together or (column.required and _is_any_blank(present, together)):
            return None
        has_escapes = any(sign in together for sign in "\\\t\n\r")
        return _with_nulls(values, list(map(text_field, present)) if has_escapes else list(present))

    return fields


def _numbers(column: Column) -> Fields:
    plain = WHOLE if (column.bson or column.type) in LARGEST else {int, Int64, float}
    allowed = plain if column.required else {*plain, *NONE}
    smallest, largest = column.smallest, column.largest

    def fields(values: Sequence[object]) -> list[str] | None:
        types = set(map(type, values))
        if not types <= allowed:
            return None
        present = values if types.isdisjoint(NONE) else [value for value in values if value is not None]
        if float in types and not all(map(math.isfinite, present)):
            return None
        if present and smallest is not None and min(present) < smallest:
            return None
        if present and largest is not None and max(present) > largest:
            return None
        return _with_nulls(values, numbers(present))

    return fields


def _others(column: Column) -> Fields:
    check, write = check_of(column), writer_of(column)

    def fields(values: Sequence[object]) -> list[str] | None:
        return None if any(map(check, values)) else list(map(write, values))

    return fields


def _is_any_blank(texts: Sequence[str], together: str) -> bool:
    """Tell whether a text has only blanks; those of ASCII are what Python strips by itself."""
    return not all(map(str.strip, texts)) if together.isascii() else any(map(is_blank, texts))


def _with_nulls(values: Sequence[object], written: list[str]) -> list[str]:
    if len(values) == len(written):
        return written
    present = iter(written)
    return [NULL if value is None else next(present) for value in values]


def _columns_of(found: _Found, columns: Iterable[tuple[_Place, Fields]]) -> list[list[str]] | None:
    """Return the fields of the rows by column; None where a value is unusual."""
    written = []
    for place, write in columns:
        if (fields := write(found.values(place))) is None:
            return None
        written.append(fields)
    return written


def _texts_of(found: _Found) -> list[str] | None:
    """Return what the documents say, as fields of jsonb."""
    try:
        texts = list(fields_for_jsonb(found.fields)) if found.fields else all_for_jsonb(found.rows)
    except RecursionError:
        return None
    if may_break_jsonb(texts) and any(map(find_json_problem, found.rows, texts)):
        return None
    return list(map(text_field, texts)) if "\\" in "".join(texts) else texts


def _each(values: Iterable[str], times: Iterable[int]) -> Iterable[str]:
    """Return each value as many times as is said."""
    return chain.from_iterable(map(repeat, values, times))


def _joined(columns: Sequence[Iterable[str]], stamps: Sequence[str]) -> list[str]:
    """Return the rows of these columns, with the stamps at the end of each."""
    return list(map("\t".join, zip(*columns, *map(repeat, stamps), strict=False)))
