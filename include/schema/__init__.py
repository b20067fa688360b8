"""What exists in the source systems and in the warehouse, made from the specs in `sources.yml`.

In: open connections, `sources.yml`. Out: tables, collections with validators, users, migrated `ops` tables.
Everything may run again; nothing is dropped.
"""

from include.schema.ddl import create_source_tables, create_warehouse_tables
from include.schema.mongo import create_collection
from include.schema.mongo_users import create_mongo_users
from include.schema.played import refuse_foreign_sources

__all__ = [
    "create_collection",
    "create_mongo_users",
    "create_source_tables",
    "create_warehouse_tables",
    "refuse_foreign_sources",
]
