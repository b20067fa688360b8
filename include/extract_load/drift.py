"""Schema drift: react to a source whose columns differ from what is declared and from raw.

The columns of a PostgreSQL table are read before its rows, and compared (shape.py). A new column is added to
raw and loaded from then on. A missing or unreadable column, or a type that raw cannot hold, stops the load
before it writes, with advice. MongoDB's documents are stored whole in raw, so a new field is only reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier
from pymongo.database import Database

from include.extract_load.raw_shape import add_column, missing_columns
from include.extract_load.shape import FULL_NAMES, HOLDS, STAMPS, Found, Shape, columns_of, holds, keeps
from include.extract_load.source_rows import SourceRows
from include.extract_load.unconvertible import find_unconvertible
from include.ops.schema_changes import (
    ADDED,
    KEPT,
    LEFT_OUT,
    STOPPED,
    SchemaChange,
    record_changes,
    reported_before,
    stop,
)
from include.run import Batch
from include.specs import Column, MongoCollection, PostgresTable


@dataclass(frozen=True)
class Followed:
    """What is to be read of a table, and whether a column of it is new, so that all rows must be read."""

    rows: SourceRows
    has_new_column: bool


def follow(reader: Cursor, cursor: Cursor, table: PostgresTable, batch: Batch) -> Followed:
    """Return the rows to read, with all columns to load. Adds columns that raw lacks.

    Raises SchemaDriftError, with only its record committed, when a column of the source is missing, not
    readable, or of a type that raw cannot hold.
    """
    # Raw may have been made of an earlier declaration.
    missing = missing_columns(cursor, table)
    source = _source_columns(reader, cursor, table, batch)
    reported = reported_before(cursor, [table.raw])
    shape = _shape(cursor, table, source, reported)
    if problems := dict(find_problems(shape, reader.connection.info.user)):
        stop(cursor, problems, batch)
    for column in missing + shape.new:
        add_column(cursor, table, column)
    record_changes(cursor, _additions(shape, missing, reported), batch)
    return Followed(_rows(reader, shape, shape.new), bool(missing or shape.new))


def rows_as_loaded(reader: Cursor, cursor: Cursor, table: PostgresTable) -> SourceRows:
    """Return the rows with the columns that raw has of them by now; nothing is followed."""
    source = columns_of(reader, Identifier(table.schema, table.table))
    rows = _rows(reader, shape_in_raw(cursor, table, source), [])
    # The source may have dropped a column since.
    kept = tuple(column for column in rows.table.columns if column.name in source)
    return replace(rows, table=replace(rows.table, columns=kept))


def shape_in_raw(cursor: Cursor, table: PostgresTable, source: dict[str, Found]) -> Shape:
    """Return the source's columns beside those that raw has by now."""
    return _shape(cursor, table, source, reported_before(cursor, [table.raw]))


def _shape(cursor: Cursor, table: PostgresTable, source: dict[str, Found], reported: set) -> Shape:
    held = columns_of(cursor, Identifier("raw", table.raw))
    return Shape(table, source, held, {column for _, column, action, _ in reported if action == ADDED})


def _rows(reader: Cursor, shape: Shape, new: list[Column]) -> SourceRows:
    """Return the rows with all columns to load."""
    table = replace(shape.table, columns=(*shape.declared, *shape.followed, *new))
    unconvertible = find_unconvertible(reader, table)
    return SourceRows(table, shape.source.get(table.watermark), *keeps(reader, table), unconvertible)


def refuse_missing_collection(
    source: Database, cursor: Cursor, collection: MongoCollection, batch: Batch
) -> None:
    """Raise SchemaDriftError when the collection does not exist; MongoDB would read it as an empty one."""
    if not source.list_collection_names(filter={"name": collection.collection}):
        place = "MONGO_DB in .env" if collection.server == "source_mongo" else collection.server
        advice = (
            f"the source has no collection {collection.collection}. Restore it, or mend {place} or its entry"
            " in include/sources.yml"
        )
        stop(cursor, {SchemaChange(collection.raw, None, "removed", STOPPED): advice}, batch)


def report_fields(cursor: Cursor, fields: Mapping[tuple[str, str, str], str], batch: Batch) -> None:
    """Report each undeclared field once; `fields` is (raw table, field, BSON type) -> first document's id."""
    changes = [
        SchemaChange(table, field, "added", KEPT, new_type=bson_type, document_id=document_id)
        for (table, field, bson_type), document_id in fields.items()
    ]
    reported = reported_before(cursor, [change.table_name for change in changes]) if changes else set()
    record_changes(cursor, [change for change in changes if change.identity not in reported], batch)


def _source_columns(reader: Cursor, cursor: Cursor, table: PostgresTable, batch: Batch) -> dict[str, Found]:
    """Lock the source's table against changes and return its columns; stop when it cannot be read."""
    user, name = reader.connection.info.user, Identifier(table.schema, table.table)
    reader.execute("savepoint shape")
    try:
        # Before the first query, which takes the snapshot: a table rewritten after it would look empty.
        reader.execute(SQL("lock table {} in access share mode").format(name))
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName):
        place = "SOURCE_DB in .env" if table.server == "source_postgres" else table.server
        advice = (
            f"the source has no table {table.schema}.{table.table} that {user} can see. Restore it, or mend"
            f" {place} or its entry in include/sources.yml"
        )
        stop(cursor, {SchemaChange(table.raw, None, "removed", STOPPED): advice}, batch)
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.WrongObjectType):
        # A reader of only some columns may not lock the table, and a foreign table cannot be locked.
        reader.execute("rollback to savepoint shape")
    try:
        columns = columns_of(reader, name)
    except psycopg2.errors.InsufficientPrivilege:
        # Nobody may look into a schema that he may not use.
        reader.execute("rollback to savepoint shape")
        columns = {}
    if not any(found.is_readable for found in columns.values()):
        place = f"the source's table {table.schema}.{table.table}"
        advice = f"{user} may not read {place}. As its owner: {_grant(table, user)}"
        stop(cursor, {SchemaChange(table.raw, None, "unreadable", STOPPED): advice}, batch)
    return columns


def find_problems(shape: Shape, user: str) -> Iterator[tuple[SchemaChange, str]]:
    """Yield each change that stops the load, with its advice."""
    declared = list(shape.declared)
    if stamp := shape.table.watermark:
        found = shape.source.get(stamp)
        # Any type of a moment will do, when it is known in which zone.
        has_zone = found and found.type in STAMPS and shape.table.time_zone
        declared.append(Column(stamp, found.type if has_zone else FULL_NAMES["timestamptz"]))
    for column in declared + shape.followed + shape.new:
        found = shape.source.get(column.name)
        if found is None:
            yield _change(shape, column, "removed"), _removed(shape, column, column in declared)
        elif not found.is_readable:
            advice = f"{user} may not read {_place(shape, column)}. As its owner: "
            yield _change(shape, column, "unreadable"), advice + _grant(shape.table, user, column.name)
        elif not holds(column.type, found, column in declared):
            yield _change(shape, column, "retyped"), _retyped(shape, column, found)


def _removed(shape: Shape, column: Column, is_declared: bool) -> str:
    """Return the advice for a missing column; one that a load added may be given up by renaming it in raw."""
    gone = f"{_place(shape, column)} ({column.type}) is gone. Restore it (if renamed, under its old name), or"
    if is_declared:
        return f"{gone} change include/sources.yml and what reads the column"
    name, kept = quoted(column.name), quoted(f"{column.name}_removed")
    return f"{gone} keep what raw has of it: alter table raw.{shape.table.raw} rename column {name} to {kept}"


def _retyped(shape: Shape, column: Column, found: Found) -> str:
    """Return the advice for a changed type; raw's column may be widened if the new type holds the old one."""
    if column.name == shape.table.watermark and found.type in STAMPS:
        return (
            f"{_place(shape, column)} is {found.full_type}, which says no moment. Declare in"
            " include/sources.yml the time_zone in which it is written, or restore its type"
        )
    if column.name == shape.table.watermark and column not in shape.declared:
        return (
            f"{_place(shape, column)} is {found.full_type}, which is no moment. Declare a watermark that is"
            " one in include/sources.yml, or none, which reads the table whole each time"
        )
    changed = f"{_place(shape, column)} was {column.type} and is {found.full_type} now."
    if column.type not in HOLDS.get(found.type, ()):
        return f"{changed} Restore the type, and give what is of another type a column of its own"
    return (
        f"{changed} Restore the type, or widen it in include/sources.yml and in the warehouse:"
        f" alter table raw.{shape.table.raw} alter column {quoted(column.name)} type {found.type}"
    )


def _place(shape: Shape, column: Column) -> str:
    return f"the source's {shape.table.table}.{column.name}"


def _grant(table: PostgresTable, user: str, column: str | None = None) -> str:
    schema, columns = quoted(table.schema), f" ({quoted(column)})" if column else ""
    may_enter = column or table.schema == "public"
    usage = "" if may_enter else f"grant usage on schema {schema} to {user}; "
    return f"{usage}grant select{columns} on {schema}.{quoted(table.table)} to {user}"


def quoted(name: str) -> str:
    """Return the name as an identifier for a statement that is printed."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _change(shape: Shape, column: Column, change: str) -> SchemaChange:
    """Return the record of a change that stops the load."""
    found = shape.source.get(column.name)
    return SchemaChange(
        shape.table.raw, column.name, change, STOPPED, column.type, found.full_type if found else None
    )


def _additions(shape: Shape, missing: list[Column], reported: set) -> Iterator[SchemaChange]:
    """Yield the columns that this load adds to raw, and once each column that it leaves out."""
    for column in missing + shape.new:
        found = shape.source[column.name]
        yield SchemaChange(shape.table.raw, column.name, "added", ADDED, new_type=found.full_type)
    for found in shape.left_out:
        change = SchemaChange(shape.table.raw, found.name, "added", LEFT_OUT, new_type=found.full_type)
        if change.identity not in reported:
            yield change
