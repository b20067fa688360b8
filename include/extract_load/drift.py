"""What to do when a source's shape is no longer what tables.py declares and raw holds.

PostgreSQL is asked for its columns before a row is read. A new column is added to raw and loaded from then
on; one that is gone, or has a type that raw cannot hold, stops the load. MongoDB's documents are kept whole,
so a new field is only reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier
from pymongo.database import Database

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
from include.tables import META_COLUMNS, Column, MongoCollection, PostgresTable

# Types that binary COPY carries unchanged, and whose values are equal only if they look equal. Any other
# arrives as its text.
CARRIED = {"boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "text", "uuid"}
CARRIED |= {"date", "timestamp with time zone", "timestamp without time zone", "time without time zone"}
CARRIED |= {"jsonb", "bytea"}
# Type in raw -> other types whose every value it holds with the same meaning.
HOLDS = {
    "integer": {"smallint"},
    "bigint": {"smallint", "integer"},
    "numeric": {"smallint", "integer", "bigint"},
    "double precision": {"real"},
    "text": {"uuid"},
}
# As tables.py says it -> as PostgreSQL does.
FULL_NAMES = {"timestamptz": "timestamp with time zone"}
# Texts of any length, and enumerations, are text; a domain is what it stands for.
CATALOGUE_COLUMNS = """
    select attname,
        case
            when typcategory in ('S', 'E') then 'text'
            when typtype = 'd' then format_type(typbasetype, null)
            else format_type(atttypid, null)
        end,
        format_type(atttypid, atttypmod),
        has_column_privilege(attrelid, attnum, 'select')
    from pg_catalog.pg_attribute join pg_catalog.pg_type on pg_type.oid = atttypid
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""


@dataclass(frozen=True)
class Found:
    """A column as a database has it: its type without length and precision, and with them."""

    name: str
    type: str
    full_type: str
    is_readable: bool

    @property
    def is_loadable(self) -> bool:
        # A % would be taken for a parameter of a statement.
        return self.is_readable and self.name not in META_COLUMNS and "%" not in self.name

    @property
    def carried_as(self) -> str:
        return self.type if self.type in CARRIED else "text"


@dataclass(frozen=True)
class Shape:
    """A table as it is declared, as its source has it, and as raw holds it."""

    table: PostgresTable
    source: dict[str, Found]
    held: dict[str, Found]
    followed_names: set[str]

    @property
    def declared(self) -> list[Column]:
        return [self._as_held(column.name, column.type) for column in self.table.raw_columns]

    @property
    def followed(self) -> list[Column]:
        """What an earlier load added. Raw carries it, so a model may read it."""
        names = (self.followed_names & self.held.keys()) - self._declared_names
        return [self._as_held(name, "text") for name in sorted(names)]

    @property
    def new(self) -> list[Column]:
        return [self._as_held(found.name, found.carried_as) for found in self._unknown if found.is_loadable]

    @property
    def left_out(self) -> list[Found]:
        return [found for found in self._unknown if not found.is_loadable]

    @property
    def _declared_names(self) -> set[str | None]:
        return {self.table.watermark, *(column.name for column in self.table.raw_columns)}

    @property
    def _unknown(self) -> list[Found]:
        known = self._declared_names | {column.name for column in self.followed}
        return [found for name, found in self.source.items() if name not in known]

    def _as_held(self, name: str, type_: str) -> Column:
        held = self.held.get(name)
        return Column(name, held.type if held else FULL_NAMES.get(type_, type_))


def follow(reader: Cursor, cursor: Cursor, table: PostgresTable, batch: Batch) -> tuple[PostgresTable, bool]:
    """Return the table with every column to load, and whether it must be read whole since one is new.

    Columns that raw lacks are added to it. Raises SchemaDriftError, with nothing changed but the record of
    it, when the source lacks a column, or has one of a type that raw cannot hold.
    """
    source = _source_columns(reader, cursor, table, batch)
    held, reported = _columns(cursor, Identifier("raw", table.raw)), reported_before(cursor, [table.raw])
    followed = {column for _, column, action, _ in reported if action == ADDED}
    shape = Shape(table, source, held, followed)
    if problems := dict(_problems(shape, reader.connection.info.user)):
        stop(cursor, problems, batch)
    missing = [column for column in shape.declared if column.name not in held]
    for column in missing + shape.new:
        cursor.execute(
            SQL("alter table raw.{} add column if not exists {} {}").format(
                Identifier(table.raw), Identifier(column.name), SQL(column.type)
            )
        )
    record_changes(cursor, _news(shape, missing, reported), batch)
    columns = shape.declared + shape.followed + shape.new
    # PostgresTable.raw_columns adds created_at.
    own = tuple(column for column in columns if column.name != "created_at")
    return replace(table, columns=own), bool(missing or shape.new)


def refuse_missing_collection(
    source: Database, cursor: Cursor, collection: MongoCollection, batch: Batch
) -> None:
    """Raise SchemaDriftError when the collection is not there: it would be read as an empty one."""
    if not source.list_collection_names(filter={"name": collection.name}):
        advice = f"the source has no collection {collection.name}. Restore it, or mend MONGO_DB in .env"
        stop(cursor, {SchemaChange(collection.raw, None, "removed", STOPPED): advice}, batch)


def report_fields(cursor: Cursor, fields: Mapping[tuple[str, str, str], str], batch: Batch) -> None:
    """Report once what no column takes: raw table, field and BSON type -> the first document's id."""
    changes = [
        SchemaChange(table, field, "added", KEPT, new_type=bson_type, document_id=document_id)
        for (table, field, bson_type), document_id in fields.items()
    ]
    reported = reported_before(cursor, [change.table_name for change in changes]) if changes else set()
    record_changes(cursor, [change for change in changes if change.identity not in reported], batch)


def _source_columns(reader: Cursor, cursor: Cursor, table: PostgresTable, batch: Batch) -> dict[str, Found]:
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
        # Who may read some columns only may not lock, and not all that can be read can be locked.
        reader.execute("rollback to savepoint shape")
    columns = _columns(reader, name)
    if not any(found.is_readable for found in columns.values()):
        advice = f"{user} may not read the source's table {table.name}. As its owner: {_grant(table, user)}"
        stop(cursor, {SchemaChange(table.raw, None, "unreadable", STOPPED): advice}, batch)
    return columns


def _columns(cursor: Cursor, table: Identifier) -> dict[str, Found]:
    cursor.execute(CATALOGUE_COLUMNS, (table.as_string(cursor),))
    return {row[0]: Found(*row) for row in cursor.fetchall()}


def _problems(shape: Shape, user: str) -> Iterator[tuple[SchemaChange, str]]:
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
        elif not _holds(column.type, found, column in declared):
            yield _change(shape, column, "retyped"), _retyped(shape, column, found)


def _holds(held: str, found: Found, is_declared: bool) -> bool:
    if found.type == held or found.type in HOLDS.get(held, ()):
        return True
    return not is_declared and found.carried_as == held


def _removed(shape: Shape, column: Column, is_declared: bool) -> str:
    gone = f"{_place(shape, column)} ({column.type}) is gone. Restore it (if renamed, under its old name), or"
    if is_declared:
        return f"{gone} change include/tables.py and what reads the column"
    name, kept = _quoted(column.name), _quoted(f"{column.name}_removed")
    return f"{gone} keep what raw has of it: alter table raw.{shape.table.raw} rename column {name} to {kept}"


def _retyped(shape: Shape, column: Column, found: Found) -> str:
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
    found = shape.source.get(column.name)
    return SchemaChange(
        shape.table.raw, column.name, change, STOPPED, column.type, found.full_type if found else None
    )


def _news(shape: Shape, missing: list[Column], reported: set) -> Iterator[SchemaChange]:
    for column in missing + shape.new:
        found = shape.source[column.name]
        yield SchemaChange(shape.table.raw, column.name, "added", ADDED, new_type=found.full_type)
    for found in shape.left_out:
        change = SchemaChange(shape.table.raw, found.name, "added", LEFT_OUT, new_type=found.full_type)
        if change.identity not in reported:
            yield change
