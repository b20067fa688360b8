"""Read a JSON file of documents as rows of the raw tables, without a database, by the rules of include/.

Data flow: file -> elements -> each checked -> a row of the parent, one for each element of an array.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from include.rules.document_json import for_jsonb
from include.rules.document_values import raw_value, reader_of, value_at
from include.rules.rejected import Rejected
from include.seed.checked import Accepted, Checked
from include.seed.json_file import read_lists
from include.specs import Column, DocumentKind, MongoCollection
from lakehouse.came import Came
from lakehouse.rules import NOT_HELD, NOT_HELD_SENTENCE
from lakehouse.shapes import SCALE, Shape

Row = dict[str, object]


def read_json(path: Path, collection: MongoCollection, shapes: Mapping[str, Shape]) -> Came:
    """Read the file; `shapes` are those of the collection's raw tables. Raises InputError as `read_lists`."""
    lists, _ = read_lists(path, [kind.name for kind in collection.kinds])
    checked = Checked().check(collection, lists)
    rows: dict[str, list[Row]] = {table.raw: [] for table in collection.raw_tables}
    rejected, kept = list(checked.rejected), set(checked.rejected_keys)
    kinds = {kind.tag: kind for kind in collection.kinds}
    for key, accepted in checked.accepted.items():
        kind = kinds[accepted.document.get(collection.discriminator)]
        if column := _not_held(kind, accepted.document):
            rejected.append(_rejected(accepted, column))
            kept.add(str(key))
            continue
        for table, row in _rows(kind, accepted.document):
            rows[table].append(row)
    tables = {name: _table(shapes[name], found) for name, found in rows.items()}
    return Came(tables, rejected, frozenset(kept), sum(map(len, lists.values())))


def _rows(kind: DocumentKind, document: Mapping) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a checked document, each with the name of its raw table."""
    parent = _values(kind.columns, document)
    yield kind.raw, {**parent, "_document": for_jsonb(document)}
    key = parent[kind.columns[0].name]
    for array in kind.arrays:
        for place, element in enumerate(value_at(array.field, document) or (), 1):
            yield array.raw, {array.key.name: key, array.position: place, **_values(array.elements, element)}


def _values(columns: tuple[Column, ...], document: object) -> Row:
    return {column.name: _exact(raw_value(column, reader_of(column)(document))) for column in columns}


def _exact(value: object) -> object:
    """Return a double as the decimal that its text is; what Arrow has no type for as text."""
    if isinstance(value, float):
        return Decimal(str(value))
    return value


def _not_held(kind: DocumentKind, document: Mapping) -> str | None:
    """Return the column whose number has more digits after the point than the lake's decimals."""
    tables = [row for _, row in _rows(kind, document)]
    for name, value in (pair for row in tables for pair in row.items()):
        if isinstance(value, Decimal) and -value.normalize().as_tuple().exponent > SCALE:
            return name
    return None


def _rejected(accepted: Accepted, column: str) -> Rejected:
    return Rejected(accepted.position, column, None, NOT_HELD_SENTENCE, NOT_HELD, accepted.text)


def _table(shape: Shape, rows: list[Row]) -> pa.Table:
    names = [name for name in shape.schema.names if name in shape.declared or name == "_document"]
    return pa.Table.from_pylist(rows, schema=pa.schema([shape.schema.field(name) for name in names]))
