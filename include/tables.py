"""The one list of tables: what sources.yml declares, and where it lands in raw.

Data flow: FILE -> source system (PostgreSQL table or MongoDB collection) -> raw table.
Adding a table is one entry there and one dbt staging model.
"""

from collections.abc import Iterable

from include.declarations import read_sources
from include.specs import MongoCollection, PostgresTable, RawTable

SOURCES = read_sources()
POSTGRES_TABLES = tuple(source for source in SOURCES if isinstance(source, PostgresTable))
MONGO_COLLECTIONS = tuple(source for source in SOURCES if isinstance(source, MongoCollection))
SOURCES_BY_NAME = {source.name: source for source in SOURCES}
# What the platform seeds when it plays the product; everything else is only read.
PLAYED_TABLES = tuple(table for table in POSTGRES_TABLES if table.file)
PLAYED_COLLECTIONS = tuple(collection for collection in MONGO_COLLECTIONS if collection.file)
PLAYED = (*PLAYED_TABLES, *PLAYED_COLLECTIONS)
# The files that feed them, for messages: "users.csv, ... and content.json".
FILES = " and ".join(", ".join(source.file for source in PLAYED).rsplit(", ", 1))


def raw_tables() -> dict[str, RawTable]:
    """Return every raw table by name."""
    return raw_tables_of(SOURCES)


def raw_tables_of(sources: Iterable[PostgresTable | MongoCollection]) -> dict[str, RawTable]:
    """Return the raw tables of the sources by name; a child table that two kinds share comes once."""
    return {table.raw: table for source in sources for table in source.raw_tables}
