"""Schema drift: react to a source whose columns differ from tables.py and raw.

The columns of a PostgreSQL table are read before its rows, and compared (shape.py). A new column is added to
raw and loaded from then on. A missing or unreadable column, or a type that raw cannot hold, stops the load
before it writes, with advice. MongoDB's documents are stored whole in raw, so a new field is only reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier
from pymongo.database import Database

from include.extract_load.shape import FULL_NAMES, HOLDS, Found, Shape, columns_of, holds
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
from include.tables import Column, MongoCollection, PostgresTable

ADD_COLUMN = "alter table raw.{table} add column if not exists {name} {type}"


def follow(reader: Cursor, cursor: Cursor, table: PostgresTable, batch: Batch) -> tuple[PostgresTable, bool]:
    """Return the table with all columns to load, and whether one is new, so that all rows must be read.

    Adds columns that raw lacks. Raises SchemaDriftError, with only its record committed, when a column of the
    source is missing, not readable, or of a type that raw cannot hold.
    """
    source = _source_columns(reader, cursor, table, batch)
    held, reported = columns_of(cursor, Identifier("raw", table.raw)), reported_before(cursor, [table.raw])
    followed = {column for _, column, action, _ in reported if action == ADDED}
    shape = Shape(table, source, held, followed)
    if problems := dict(_problems(shape, reader.connection.info.user)):
        stop(cursor, problems, batch)
    missing = [column for column in shape.declared if column.name not in held]
    for column in missing + shape.new:
        name, type_ = Identifier(column.name), SQL(column.type)
        cursor.execute(SQL(ADD_COLUMN).format(table=Identifier(table.raw), name=name, type=type_))
    record_changes(cursor, _additions(shape, missing, reported), batch)
    columns = shape.declared + shape.followed + shape.new
    # PostgresTable.raw_columns adds created_at itself.
    without = tuple(column for column in columns if column.name != "created_at")
    return replace(table, columns=without), bool(missing or shape.new)


def refuse_missing_collection(
    source: Database, cursor: Cursor, collection: MongoCollection, batch: Batch
) -> None:
    """Raise SchemaDriftError when the collection does not exist; MongoDB would read it as an empty one."""
    if not source.list_collection_names(filter={"name": collection.name}):
        advice = f"the source has no collection {collection.name}. Restore it, or mend MONGO_DB in .env"
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
    user, name = reader.connection.info.user, Identifier(table.name)
    reader.execute("savepoint shape")
    try:
        # Before the first query, which takes the snapshot: a table rewritten after it would look empty.
        reader.execute(SQL("lock table {} in access share mode").format(name))
    except psycopg2.errors.UndefinedTable:
        advice = (
            f"the source has no table {table.name} that {user} can see. Restore it, or mend SOURCE_DB in .env"
        )
        stop(cursor, {SchemaChange(table.raw, None, "removed", STOPPED): advice}, batch)
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.WrongObjectType):
        # A reader of only some columns may not lock the table, and a foreign table cannot be locked.
        reader.execute("rollback to savepoint shape")
    columns = columns_of(reader, name)
    if not any(found.is_readable for found in columns.values()):
        advice = f"{user} may not read the source's table {table.name}. As its owner: {_grant(table, user)}"
        stop(cursor, {SchemaChange(table.raw, None, "unreadable", STOPPED): advice}, batch)
    return columns


def _problems(shape: Shape, user: str) -> Iterator[tuple[SchemaChange, str]]:
    """Yield each change that stops the load, with its advice."""
    declared = list(shape.declared)
    if shape.table.watermark:
        declared.append(Column(shape.table.watermark, FULL_NAMES["timestamptz"]))
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
        return f"{gone} change include/tables.py and what reads the column"
    name, kept = _quoted(column.name), _quoted(f"{column.name}_removed")
    return f"{gone} keep what raw has of it: alter table raw.{shape.table.raw} rename column {name} to {kept}"


def _retyped(shape: Shape, column: Column, found: Found) -> str:
    """Return the advice for a changed type; raw's column may be widened if the new type holds the old one."""
    changed = f"{_place(shape, column)} was {column.type} and is {found.full_type} now."
    if column.type not in HOLDS.get(found.type, ()):
        return f"{changed} Restore the type, and give what is of another type a column of its own"
    return (
        f"{changed} Restore the type, or widen it in include/tables.py and in the warehouse:"
        f" alter table raw.{shape.table.raw} alter column {_quoted(column.name)} type {found.type}"
    )


def _place(shape: Shape, column: Column) -> str:
    return f"the source's {shape.table.name}.{column.name}"


def _grant(table: PostgresTable, user: str, column: str | None = None) -> str:
    columns = f" ({_quoted(column)})" if column else ""
    return f"grant select{columns} on {_quoted(table.name)} to {user}"


def _quoted(name: str) -> str:
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
