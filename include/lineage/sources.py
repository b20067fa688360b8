"""Which columns of the sources fill raw, and which parts of the files fill the sources that are played.

`users.csv:country` -> `source.users.country` -> `raw.postgres_users.country`. Documents are told apart by
their kind, a value in them has its path, and an array's elements brackets: `source.content.movies.genre[]`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from include.lineage.paths import Edges
from include.lineage.query import ROWS
from include.specs import (
    META_COLUMNS,
    PLAYED_STAMPS,
    ROW_KEY,
    Array,
    Column,
    DocumentKind,
    MongoCollection,
    PostgresTable,
    RawTable,
)
from include.tables import PLAYED, SOURCES, raw_tables

Source = PostgresTable | MongoCollection


def raw_columns() -> dict[str, list[str]]:
    """Return the columns of every raw table, as `column_lineage` takes them."""
    return {f"raw.{name}": _names(table) for name, table in raw_tables().items()}


def source_lineage(sources: Iterable[Source] = SOURCES) -> Edges:
    """Return the edges from the sources to raw. What only the loader knows, as _loaded_at, has none."""
    edges: Edges = defaultdict(set)
    for source in sources:
        for table, column, place in _places(source):
            edges[f"raw.{table}.{column}"].add(f"source.{source.name}.{place}")
    return dict(edges)


def file_lineage() -> Edges:
    """Return the edges from the files to the sources that are played, which set their stamps themselves."""
    return {
        f"source.{source.name}.{place}": {f"{source.file}:{place}"}
        for source in PLAYED
        for _, _, place in _places(source)
        if place.rpartition(".")[2] not in PLAYED_STAMPS
    }


def _names(table: RawTable) -> list[str]:
    document = ["_document"] if isinstance(table, DocumentKind) else []
    return [*(column.name for column in table.raw_columns), *document, *META_COLUMNS]


def _places(source: Source) -> Iterator[tuple[str, str, str]]:
    """Yield raw table, column and place in the source; a child that two kinds share comes once for each."""
    if isinstance(source, PostgresTable):
        yield from _fields(source, source, "")
        return
    for kind in source.kinds:
        prefix = f"{kind.name}." if source.discriminator else ""
        for table in (kind, *kind.arrays):
            yield from _fields(source, table, prefix)


def _fields(source: Source, table: RawTable, prefix: str) -> Iterator[tuple[str, str, str]]:
    rows = f"{table.field}[]" if isinstance(table, Array) else ROWS
    fields = {ROWS: rows} | {column.name: _field(table, column, rows) for column in table.raw_columns}
    if isinstance(table, DocumentKind):
        fields["_document"] = ROWS
    if source.watermark:
        fields["_source_updated_at"] = source.watermark
    for column, field in fields.items():
        yield table.raw, column, f"{prefix}{field}"


def _field(table: RawTable, column: Column, rows: str) -> str:
    """Return where a column's value is in a row, document or array: `rows` when it takes all of one."""
    if column.name in ROW_KEY or (isinstance(table, Array) and column.name == table.position):
        return rows
    path = column.name if column.path is None else column.path
    is_of_element = isinstance(table, Array) and column != table.key
    return f"{rows}.{path}".removesuffix(".") if is_of_element else path
