"""Empty raw tables are made ready to be filled: stamps become defaults, keys are built at the end.

Stamps that are defaults meanwhile do not travel with each row, and are read once. To sort all keys at the end
takes two thirds of the time that the index takes for each row, and less where rows come in no order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Identifier, Literal

from include.extract_load.raw import LoadStart
from include.specs import RawTable

# The batch's columns in raw, without the underscore, and their types.
TYPES = {"batch_id": "text", "as_of": "date", "loaded_at": "timestamptz"}
# PostgreSQL's own 64 MB hold the keys of some two million rows.
SORT_MEMORY = "set local maintenance_work_mem = '128MB'"
PRIMARY_KEY = """
select conname, pg_get_constraintdef(oid) from pg_catalog.pg_constraint
where conrelid = to_regclass(%s) and contype = 'p'
"""
# Somebody reads the table; it is another role's; a view groups by its key.
NOT_NOW = (
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.DependentObjectsStillExist,
)


def stamps_of(start: LoadStart) -> dict[str, Composable]:
    """Return the values of the columns _batch_id, _as_of and _loaded_at in SQL."""
    return {
        f"_{name}": SQL("{}::{}").format(Literal(start.stamps[name]), SQL(type_))
        for name, type_ in TYPES.items()
    }


@contextmanager
def made_ready(cursor: Cursor, tables: Sequence[RawTable], start: LoadStart) -> Iterator[bool]:
    """Have stamps as defaults, and no keys, in the block; yield False where nothing can be changed at once.

    It takes the tables from their readers until the transaction ends, and so is not done where somebody reads
    one. Raises UniqueViolation at the end of the block when a key came twice.
    """
    restore = _take_apart(cursor, tables, stamps_of(start))
    yield restore is not None
    if restore:
        cursor.execute(SORT_MEMORY)
        for table, changes in restore.items():
            _alter(cursor, table, changes)


def _take_apart(
    cursor: Cursor, tables: Sequence[RawTable], stamps: Mapping[str, Composable]
) -> dict[str, list[Composable]] | None:
    """Set the defaults and drop the keys; return what undoes it by table, None where that cannot be."""
    restore = {}
    defaults = [_of_column(name, SQL("set default {}").format(value)) for name, value in stamps.items()]
    cursor.execute("savepoint as_it_was")
    try:
        for table in tables:
            lock = SQL("lock table raw.{} in access exclusive mode nowait")
            cursor.execute(lock.format(Identifier(table.raw)))
            key, definition = _primary_key(cursor, table)
            _alter(cursor, table.raw, [*defaults, SQL("drop constraint {}").format(key)])
            restore[table.raw] = [_of_column(name, SQL("drop default")) for name in stamps]
            restore[table.raw].append(SQL("add constraint {} {}").format(key, definition))
    except NOT_NOW:
        cursor.execute("rollback to savepoint as_it_was")
        return None
    cursor.execute("release savepoint as_it_was")
    return restore


def _primary_key(cursor: Cursor, table: RawTable) -> tuple[Identifier, SQL]:
    """Return the name and the definition of the raw table's key."""
    cursor.execute(PRIMARY_KEY, (Identifier("raw", table.raw).as_string(cursor),))
    name, definition = cursor.fetchone()
    return Identifier(name), SQL(definition)


def _of_column(name: str, change: Composable) -> Composable:
    return SQL("alter {} {}").format(Identifier(name), change)


def _alter(cursor: Cursor, table: str, changes: Sequence[Composable]) -> None:
    """Change the raw table."""
    cursor.execute(SQL("alter table raw.{} {}").format(Identifier(table), SQL(", ").join(changes)))
