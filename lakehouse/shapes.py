"""The columns of a raw table, and their types in Arrow and so in Delta.

PostgreSQL's numeric has no end; Delta's decimal has 38 digits. 18 of them stand after the point, as Spark has
it where nothing is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Identifier

from include.errors import SchemaDriftError
from include.extract_load.shape import columns_of
from include.specs import Column, RawTable

SCALE, DIGITS = 18, 38
UTC_TIME = pa.timestamp("us", "UTC")
TYPES = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp with time zone": UTC_TIME,
    "timestamp without time zone": pa.timestamp("us"),
}
# The short names of sources.yml.
TYPES |= {"timestamptz": UTC_TIME, "timestamp": pa.timestamp("us")}
DECIMAL = "numeric"


@dataclass(frozen=True)
class Shape:
    """A raw table with all its columns as they are in raw: PostgreSQL's type by name, in order."""

    table: RawTable
    types: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.table.raw

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; columns of the key are never null."""
        return pa.schema(
            pa.field(name, self.arrow_type(name), nullable=name not in self.table.raw_key)
            for name in self.types
        )

    def arrow_type(self, name: str) -> pa.DataType:
        """Return the type of a column in the lake; what has none of its own is text, as jsonb and uuid."""
        if self.types[name] == DECIMAL:
            return pa.decimal128(DIGITS, SCALE)
        return TYPES.get(self.types[name], pa.string())

    @property
    def declared(self) -> dict[str, Column]:
        """The columns that sources.yml declares, by name."""
        return {column.name: column for column in self.table.raw_columns}


def shape_of(cursor: Cursor, table: RawTable) -> Shape:
    """Return the shape that the table has in raw. Raises SchemaDriftError where raw has no such table."""
    found = columns_of(cursor, Identifier("raw", table.raw))
    if not found:
        raise SchemaDriftError(f"raw has no table {table.raw}: one run of the pipeline makes it")
    return Shape(table, {name: column.type for name, column in found.items()})


def refuse_other_types(table: str, held: pa.Schema, comes: pa.Schema) -> None:
    """Raise SchemaDriftError when a column has another type in the table than what is to be written."""
    for field in comes:
        if (place := held.get_field_index(field.name)) < 0 or held.types[place] == field.type:
            continue
        raise SchemaDriftError(
            f"{table}.{field.name} is {held.types[place]}, and what comes is {field.type}. Nothing was"
            " written. Take the change back, or begin anew: delete the table's folders in bronze and silver,"
            " and the next `make lake` brings all its rows with the new type"
        )
