"""The mark on what the platform made in the source systems: what has none is never written.

Seeding replaces rows and deletes those that its file lacks. So it must not reach the tables of somebody else,
whatever the settings say. The mark of a table is its comment, that of a collection a document in MARKS. What
the platform made before there were marks is known by its columns, and by a seed that it remembers.
"""

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier
from pymongo.database import Database

from include.errors import ForeignTableError
from include.specs import PLAYED_STAMPS, MongoCollection, PostgresTable
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES
from include.transaction import transaction

MARK = "Played by the video-streaming platform, which replaces its rows."
MARKS = "played_collections"
SEED_STATE = "seed_state"
FIND_TABLE = """
select obj_description(oid, 'pg_class'), array(
    select attname::text from pg_attribute
    where attrelid = pg_class.oid and attnum > 0 and not attisdropped
)
from pg_class where oid = to_regclass(format('public.%%I', %s::text))
"""
WAY_OUT = (
    "The platform did not make it, and seeding would replace what it holds; nothing was written. To read"
    " these systems as they are, set SOURCES=existing in .env; else name another database for the product"
    " that the platform plays ({settings})"
)
SOURCE_SETTINGS = "SOURCE_HOST, SOURCE_PORT, SOURCE_DB"
# What the platform needs beside its tables, under names that others may have taken.
FOREIGN_HELPERS = """
select 'seed_state' from pg_class
where oid = to_regclass('public.seed_state') and array['table_name', 'dataset', 'as_of']::name[] != array(
    select attname from pg_attribute where attrelid = pg_class.oid and attnum > 0 and not attisdropped
    order by attnum
)
union all
select 'touch_updated_at()' from pg_proc
where oid = to_regprocedure('public.touch_updated_at()') and prosrc not like '%new is distinct from old%'
"""


def refuse_foreign_sources(source: Connection, database: Database) -> None:
    """Raise ForeignTableError, before anything is written to either source, when one holds others' data."""
    with transaction(source) as cursor:
        refuse_foreign_helpers(cursor)
        for table in PLAYED_TABLES:
            refuse_foreign_table(cursor, table)
    for collection in PLAYED_COLLECTIONS:
        refuse_foreign_collection(database, collection)


def refuse_foreign_helpers(cursor: Cursor) -> None:
    """Raise ForeignTableError when the source has a seed_state or touch_updated_at that others made."""
    cursor.execute(FOREIGN_HELPERS)
    if found := cursor.fetchone():
        raise ForeignTableError(f"{_place(cursor, *found)}: {WAY_OUT.format(settings=SOURCE_SETTINGS)}")


def refuse_foreign_table(cursor: Cursor, table: PostgresTable) -> None:
    """Raise ForeignTableError when the source has a table of this name that the platform did not make."""
    cursor.execute(FIND_TABLE, (table.name,))
    found = cursor.fetchone()
    if found and found[0] != MARK and not _was_played(cursor, table, set(found[1])):
        raise _foreign_table(cursor, table)


def require_played_table(cursor: Cursor, table: PostgresTable) -> None:
    """Raise ForeignTableError, in the caller's transaction, unless the table has the platform's mark."""
    cursor.execute(FIND_TABLE, (table.name,))
    found = cursor.fetchone()
    if not found or found[0] != MARK:
        raise _foreign_table(cursor, table)


def refuse_foreign_collection(database: Database, collection: MongoCollection) -> None:
    """Raise ForeignTableError when there is a collection of this name that the platform did not make."""
    is_ours = (
        database[MARKS].find_one({"_id": collection.name})
        or collection.name not in database.list_collection_names()
        or database[SEED_STATE].find_one({"_id": collection.name})
        or not database[collection.name].find_one()
    )
    if not is_ours:
        raise _foreign_collection(database, collection)


def mark_collection(database: Database, collection: MongoCollection) -> None:
    """Note that the platform made the collection."""
    database[MARKS].replace_one({"_id": collection.name}, {"mark": MARK}, upsert=True)


def require_played_collection(database: Database, collection: MongoCollection) -> None:
    """Raise ForeignTableError unless the platform noted that it made the collection."""
    if not database[MARKS].find_one({"_id": collection.name}):
        raise _foreign_collection(database, collection)


def _was_played(cursor: Cursor, table: PostgresTable, columns: set[str]) -> bool:
    """Tell whether a table without a mark is one from before there were marks: seeded, or still empty."""
    if columns != {*PLAYED_STAMPS} | {column.name for column in table.file_columns}:
        return False
    cursor.execute("select to_regclass('public.seed_state') is not null")
    if cursor.fetchone()[0]:
        cursor.execute("select exists (select from public.seed_state where table_name = %s)", (table.name,))
        if cursor.fetchone()[0]:
            return True
    cursor.execute(SQL("select not exists (select from public.{})").format(Identifier(table.name)))
    return cursor.fetchone()[0]


def _foreign_table(cursor: Cursor, table: PostgresTable) -> ForeignTableError:
    way_out = WAY_OUT.format(settings=SOURCE_SETTINGS)
    mark = f"comment on table public.{table.name} is '{MARK}'"
    return ForeignTableError(
        f"{_place(cursor, table.name)}: {way_out}. If the platform made it, mark it: {mark}"
    )


def _place(cursor: Cursor, name: str) -> str:
    server = cursor.connection.info
    return f"public.{name} in {server.host}:{server.port}/{server.dbname}"


def _foreign_collection(database: Database, collection: MongoCollection) -> ForeignTableError:
    host, port = database.client.address or ("?", "?")
    what = f"The collection {collection.name} in {host}:{port}/{database.name}: "
    way_out = WAY_OUT.format(settings="MONGO_HOST, MONGO_PORT, MONGO_DB")
    mark = f"db.{MARKS}.insertOne({{_id: '{collection.name}'}})"
    return ForeignTableError(f"{what}{way_out}. If the platform made it, mark it: {mark}")
