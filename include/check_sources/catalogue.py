"""Questions to the catalogue of a PostgreSQL source that loads do not ask: rights, kinds, sizes, indexes."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from include.extract_load.shape import KINDS
from include.specs import PostgresTable

LOGIN = """
select
    current_user,
    current_database(),
    current_setting('server_version'),
    pg_is_in_recovery(),
    current_setting('server_encoding'),
    rolsuper
from pg_catalog.pg_roles
where rolname = current_user
"""
# What somebody owns they may change; the right may also come from a role of which they are a member.
WRITABLE = """
select
    format('%I.%I', nspname, relname),
    relowner = role.oid or not exists (
        select 1 from aclexplode(relacl)
        where grantee = role.oid and privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    )
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
inner join pg_catalog.pg_roles as role on rolname = current_user
where relkind in ('r', 'p', 'v', 'm', 'f') and nspname !~ '^pg_' and nspname != 'information_schema' and (
    pg_has_role(relowner, 'usage')
    or has_table_privilege(pg_class.oid, 'insert, update, delete, truncate')
    or has_any_column_privilege(pg_class.oid, 'insert, update')
)
order by 1
"""
# has_schema_privilege and the like by oid: by name they raise where the schema may not be entered.
RELATION = """
with recursive
found as (
    select pg_class.oid, relnamespace, relkind, relispopulated
    from pg_catalog.pg_class
    inner join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = %(schema)s and relname = %(table)s
),

part as (
    select pg_class.oid, pg_class.relkind, reltuples
    from pg_catalog.pg_class
    inner join found on found.oid = pg_class.oid
    union all
    select pg_class.oid, pg_class.relkind, pg_class.reltuples
    from part
    inner join pg_catalog.pg_inherits on inhparent = part.oid
    inner join pg_catalog.pg_class on pg_class.oid = inhrelid
)

select
    relkind,
    has_schema_privilege(relnamespace, 'usage'),
    relispopulated,
    row_security_active(oid),
    (
        select case when min(reltuples) >= 0 then sum(reltuples)::bigint end
        from part
        where relkind in ('r', 'm')
    )
from found
"""
# The one column, or the first of several; a condition would leave rows out.
INDEX_ON_STAMP = """
select indexrelid::regclass::text
from pg_catalog.pg_index
inner join pg_catalog.pg_attribute on attrelid = indrelid and attnum = indkey[0]
inner join pg_catalog.pg_class on pg_class.oid = indexrelid
inner join pg_catalog.pg_am on pg_am.oid = relam
where indrelid = to_regclass(format('%%I.%%I', %(schema)s::text, %(table)s::text))
    and attname = %(stamp)s and indisvalid and indpred is null and amname in ('btree', 'brin')
order by indnatts, indexrelid
limit 1
"""
# Whoever owns it must see when the transactions of others began.
OLDEST_TRANSACTION = """
select
    has_schema_privilege(pg_namespace.oid, 'usage') and has_function_privilege(pg_proc.oid, 'execute'),
    pg_get_userbyid(proowner),
    prosecdef and pg_has_role(proowner, 'pg_read_all_stats', 'usage')
from pg_catalog.pg_proc
inner join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
where nspname = 'elt' and proname = 'oldest_transaction_start' and pronargs = 0
"""


@dataclass(frozen=True)
class Login:
    """Who is logged in, and where."""

    user: str
    database: str
    version: str
    is_replica: bool
    encoding: str
    is_superuser: bool


@dataclass(frozen=True)
class Relation:
    """A table or the like: `rows` are estimated, None where the server has not counted yet."""

    kind: str | None
    may_enter_schema: bool
    is_populated: bool
    hides_rows: bool
    rows: int | None


def login(cursor: Cursor) -> Login:
    """Return who is logged in."""
    cursor.execute(LOGIN)
    return Login(*cursor.fetchone())


def writable_tables(cursor: Cursor) -> dict[str, bool]:
    """Return the tables that the login may write, and of each whether a revoke would not end that."""
    cursor.execute(WRITABLE)
    return dict(cursor.fetchall())


def relation(cursor: Cursor, table: PostgresTable) -> Relation | None:
    """Return what the source has under the table's name, None for nothing."""
    cursor.execute(RELATION, {"schema": table.schema, "table": table.table})
    if (row := cursor.fetchone()) is None:
        return None
    return Relation(KINDS.get(row[0]), *row[1:])


def index_on_stamp(cursor: Cursor, table: PostgresTable) -> str | None:
    """Return an index that finds rows by their stamp."""
    names = {"schema": table.schema, "table": table.table, "stamp": table.watermark}
    cursor.execute(INDEX_ON_STAMP, names)
    return (cursor.fetchone() or (None,))[0]


def oldest_transaction_start(cursor: Cursor) -> tuple[bool, str, bool] | None:
    """Return whether the function may be executed, its owner, and whether they see what it needs."""
    cursor.execute(OLDEST_TRANSACTION)
    return cursor.fetchone()
