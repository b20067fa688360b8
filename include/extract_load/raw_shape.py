"""Raw tables that were made of an earlier declaration: what can be followed is, the rest stops the load.

A declared column that raw lacks is added, and the source read whole once. Another key or type would need the
rows of raw to change, which nothing here does.
"""

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.errors import SchemaDriftError
from include.extract_load.shape import FULL_NAMES, HOLDS, columns_of
from include.ops.fingerprint import remembered_fingerprint
from include.ops.schema_changes import ADDED, SchemaChange, record_changes
from include.run import Batch
from include.specs import Column, MongoCollection, RawTable

ADD_COLUMN = "alter table raw.{table} add column if not exists {name} {type}"
KEY = """
select array_agg(attname::text)
from pg_catalog.pg_index
inner join pg_catalog.pg_attribute on attrelid = indrelid and attnum = any(indkey)
where indrelid = to_regclass(%s) and indisprimary
"""


def add_column(cursor: Cursor, table: RawTable, column: Column) -> None:
    """Add a column to the raw table."""
    name, type_ = Identifier(column.name), SQL(column.type)
    cursor.execute(SQL(ADD_COLUMN).format(table=Identifier(table.raw), name=name, type=type_))


def follow_declaration(cursor: Cursor, collection: MongoCollection, batch: Batch) -> bool:
    """Add the declared columns that raw lacks; return whether all documents must be read for what is new.

    New is such a column, and a kind or an array that no load has brought yet. Raises
    SchemaDriftError as `missing_columns` does.
    """
    missing = [
        (table, column) for table in collection.raw_tables for column in missing_columns(cursor, table)
    ]
    for table, column in missing:
        add_column(cursor, table, column)
    changes = [SchemaChange(t.raw, c.name, "added", ADDED, new_type=c.type) for t, c in missing]
    record_changes(cursor, changes, batch)
    return bool(missing) or not all(remembered_fingerprint(cursor, table) for table in collection.raw_tables)


def missing_columns(cursor: Cursor, table: RawTable) -> list[Column]:
    """Return the declared columns that the raw table lacks.

    Raises SchemaDriftError when raw has another key than the declared one, or a type that cannot hold it.
    """
    _refuse_other_key(cursor, table)
    held = columns_of(cursor, Identifier("raw", table.raw))
    for column in table.raw_columns:
        wanted = FULL_NAMES.get(column.type, column.type)
        found = held[column.name].type if column.name in held else wanted
        if found != wanted and wanted not in HOLDS.get(found, ()):
            name = Identifier(column.name).as_string(cursor)
            raise SchemaDriftError(
                f"raw.{table.raw}.{column.name} is {found}, and include/sources.yml declares {wanted}."
                f" Restore it there, or change raw: alter table raw.{table.raw} alter column {name} type"
                f" {wanted}. Nothing of this table was loaded"
            )
    return [column for column in table.raw_columns if column.name not in held]


def _refuse_other_key(cursor: Cursor, table: RawTable) -> None:
    cursor.execute(KEY, (Identifier("raw", table.raw).as_string(cursor),))
    (held,) = cursor.fetchone()
    if set(held) != set(table.raw_key):
        raise SchemaDriftError(
            f"raw.{table.raw} has the key {', '.join(held)}, and include/sources.yml declares"
            f" {', '.join(table.raw_key)}. Restore it there, or give the entry a raw of another name, which"
            " begins anew. Nothing of this table was loaded"
        )
