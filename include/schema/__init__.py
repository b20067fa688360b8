"""What exists in the source systems and in the warehouse, made from the specs in `tables.py`.

In: open connections, and `tables.py`. Out: tables, collections with validators, users, migrated `ops` tables.
Everything may run again; nothing is dropped.
"""

from include.schema.ddl import create_source_tables, create_warehouse_tables
from include.schema.mongo import create_collection
from include.schema.mongo_users import create_mongo_users

__all__ = ["create_collection", "create_mongo_users", "create_source_tables", "create_warehouse_tables"]
