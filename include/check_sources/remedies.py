"""The statements that an administrator pastes into psql or mongosh. The platform itself runs none of them."""

import json
from collections.abc import Iterable, Iterator

from include.environment import ROOT
from include.extract_load.drift import quoted
from include.specs import PostgresTable

OLDEST_TRANSACTION = ROOT / "docker" / "source-postgres" / "oldest_transaction_start.sql"


def reader_of_tables(role: str, database: str, tables: Iterable[PostgresTable]) -> Iterator[str]:
    """Yield what makes a role that may read the tables and nothing else."""
    yield f"create role {quoted(role)} login;"
    yield f"-- Its password; psql asks for it: \\password {quoted(role)}"
    yield f"grant connect on database {quoted(database)} to {quoted(role)};"
    for table in tables:
        yield from (grant_usage(table.schema, role), grant_select(table, role))


def grant_usage(schema: str, role: str) -> str:
    """Return the grant to enter a schema."""
    return f"grant usage on schema {quoted(schema)} to {quoted(role)};"


def grant_select(table: PostgresTable, role: str, columns: Iterable[str] = ()) -> str:
    """Return the grant to read a table, or some columns of it."""
    named = f" ({', '.join(map(quoted, columns))})" if columns else ""
    return f"grant select{named} on {_relation(table)} to {quoted(role)};"


def revoke_writes(tables: Iterable[str], role: str) -> str:
    """Return what takes the rights to write from the role; the tables are quoted already."""
    return f"revoke insert, update, delete, truncate on {', '.join(tables)} from {quoted(role)};"


def oldest_transaction_start(role: str) -> Iterator[str]:
    """Yield what makes elt.oldest_transaction_start(), and lets the role execute it."""
    yield OLDEST_TRANSACTION.read_text(encoding="utf-8").rstrip()
    yield from grant_oldest_transaction_start(role)


def grant_oldest_transaction_start(role: str) -> Iterator[str]:
    """Yield what lets the role execute elt.oldest_transaction_start()."""
    yield grant_usage("elt", role)
    yield f"grant execute on function elt.oldest_transaction_start() to {quoted(role)};"


def see_others(owner: str) -> Iterator[str]:
    """Yield what shows elt.oldest_transaction_start() when the transactions of others began."""
    yield "alter function elt.oldest_transaction_start() security definer;"
    yield f"grant pg_read_all_stats to {quoted(owner)};"


def index_on_stamp(table: PostgresTable, *, is_partitioned: bool) -> Iterator[str]:
    """Yield what makes the index by which a load finds what changed."""
    if is_partitioned:
        yield "-- Writing waits meanwhile: a partitioned table's index cannot be made concurrently."
    how = "" if is_partitioned else " concurrently"
    yield f"create index{how} on {_relation(table)} ({quoted(table.watermark)});"


def refresh(view: PostgresTable) -> str:
    """Return what fills a materialized view."""
    return f"refresh materialized view {_relation(view)};"


def reader_of_collections(user: str, database: str) -> str:
    """Return what makes a MongoDB user who may only read the database; mongosh asks for the password."""
    roles = json.dumps([_read(database)])
    return f"{_db(database)}.createUser({{user: {json.dumps(user)}, pwd: passwordPrompt(), roles: {roles}}})"


def only_read(user: str, home: str, database: str) -> str:
    """Return what leaves a MongoDB user, who is stored in the database `home`, the right to read alone."""
    return f"{_db(home)}.updateUser({json.dumps(user)}, {json.dumps({'roles': [_read(database)]})})"


def grant_read(user: str, home: str, database: str) -> str:
    """Return what lets a MongoDB user read the database."""
    return f"{_db(home)}.grantRolesToUser({json.dumps(user)}, {json.dumps([_read(database)])})"


def index_on_field(database: str, collection: str, field: str) -> str:
    """Return what makes an ascending index."""
    return f"{_db(database)}.getCollection({json.dumps(collection)}).createIndex({json.dumps({field: 1})})"


def _read(database: str) -> dict[str, str]:
    return {"role": "read", "db": database}


def _db(database: str) -> str:
    return f"db.getSiblingDB({json.dumps(database)})"


def _relation(table: PostgresTable) -> str:
    return f"{quoted(table.schema)}.{quoted(table.table)}"
