"""Checked documents as rows in COPY's text format: one of the parent, one for each element of an array.

How each column becomes a field is made ready once for a kind; a document's stamp is written once for all its
rows.
"""

from collections.abc import Callable, Iterator, Mapping

from bson.int64 import Int64

from include.extract_load.raw import NULL, field_of, text_field
from include.rules.document_json import numbers
from include.rules.document_values import raw_value, reader_of, stamp_of, value_at
from include.specs import LARGEST, NUMBERS, Array, Column, DocumentKind

Field = Callable[[object], str]


class KindRows:
    """Makes the rows of one kind's documents, each with the values of `stamps` at its end.

    `columns` are the names of the rows' columns, by raw table.
    """

    def __init__(self, kind: DocumentKind, watermark: str | None, stamps: Mapping[str, str]) -> None:
        self._kind, self._watermark = kind, watermark
        self._ending = "".join(f"\t{field_of(value)}" for value in stamps.values())
        self._fields = [(reader_of(column), writer_of(column)) for column in kind.columns]
        self._arrays = [_ArrayRows(array) for array in kind.arrays]
        self.columns = {kind.raw: [*_names(kind), "_source_updated_at", "_document", *stamps]}
        self.columns |= {array.raw: [*_names(array), "_source_updated_at", *stamps] for array in kind.arrays}

    def add(self, document: Mapping[str, object], text: str, lines: Mapping[str, list[str]]) -> None:
        """Add the document's rows to the lines, which are by raw table; `text` is its JSON."""
        stamp = field_of(stamp_of(document, self._watermark))
        fields = [write(read(document)) for read, write in self._fields]
        values = "\t".join(fields)
        lines[self._kind.raw].append(f"{values}\t{stamp}\t{text_field(text)}{self._ending}")
        for array in self._arrays:
            lines[array.raw].extend(array.rows_of(fields[0], document, f"{stamp}{self._ending}"))


class _ArrayRows:
    """Makes the rows of an array: key of the document, place from 1 on, values of the element."""

    def __init__(self, array: Array) -> None:
        self.raw, self._field = array.raw, array.field
        self._fields = [(reader_of(column), writer_of(column)) for column in array.elements]

    def rows_of(self, key: str, document: Mapping[str, object], ending: str) -> Iterator[str]:
        """Yield the rows of the document with this key; `ending` are the fields that all end with."""
        for place, element in enumerate(value_at(self._field, document) or (), 1):
            values = "\t".join([write(read(element)) for read, write in self._fields])
            yield f"{key}\t{place}\t{values}\t{ending}"


def _names(table: DocumentKind | Array) -> list[str]:
    return [column.name for column in table.raw_columns]


def writer_of(column: Column) -> Field:
    """Return what writes a checked value of the column; the usual types are written at once."""
    wanted = column.bson or column.type
    if wanted == "text":
        return lambda text: NULL if text is None else text_field(text)
    plain = {int, Int64} if wanted in LARGEST else {int, Int64, float} if wanted in NUMBERS else set()

    def field(value: object) -> str:
        return numbers([value])[0] if type(value) in plain else field_of(raw_value(column, value))

    return field
