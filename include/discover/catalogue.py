"""What PostgreSQL's catalogue says of the relations that may be sources. Nothing of their rows is read."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Identifier

from include.extract_load.shape import KINDS, Found, columns_of

# A table that is being rewritten is waited for, but not for long.
LOCK_TIMEOUT = "set local lock_timeout = '10s'"
# A partition comes with its parent. What an extension made is its own business.
RELATIONS = """
select
    relation.oid,
    nspname,
    relname,
    relkind,
    readable.yes,
    case when readable.yes then pg_size_pretty(parts.bytes) end,
    parts.rows,
    obj_description(relation.oid, 'pg_class'),
    (
        select format('%I.%I', parent_schema.nspname, parent.relname)
        from pg_catalog.pg_inherits
        inner join pg_catalog.pg_class as parent on parent.oid = inhparent
        inner join pg_catalog.pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
        where inhrelid = relation.oid
        limit 1
    ),
    relkind != 'p' and exists (select from pg_catalog.pg_inherits where inhparent = relation.oid),
    -- Before or after an update, of a row or a statement.
    exists (
        select from pg_catalog.pg_trigger
        where tgrelid = relation.oid and not tgisinternal and tgtype & 16 != 0
    ),
    readable.yes and row_security_active(relation.oid),
    format('%I', nspname),
    format('%I.%I', nspname, relname)
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
cross join lateral (
    select
        has_schema_privilege(pg_namespace.oid, 'usage')
        and has_any_column_privilege(relation.oid, 'select') as yes
) as readable
cross join lateral (
    select
        sum(case when readable.yes then pg_total_relation_size(part.oid) end) as bytes,
        sum(part.reltuples) filter (where part.reltuples >= 0) as rows
    from (
        select relation.oid
        union all
        select relid from pg_partition_tree(relation.oid)
    ) as tree
    inner join pg_catalog.pg_class as part on part.oid = tree.oid
    where part.relkind in ('r', 'm')
) as parts
where relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition
    and nspname not like 'pg\\_%' and nspname != 'information_schema'
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_class'::regclass and objid = relation.oid and deptype = 'e'
    )
order by nspname != 'public', nspname, relname
"""
INDEXES = """
select
    index.relname,
    indisprimary,
    indisunique and indisvalid and indpred is null and indexprs is null,
    indisvalid and indpred is null and amname in ('btree', 'brin'),
    array(
        select attname::text from unnest(indkey::smallint[]) with ordinality as part (attnum, place)
        left join pg_catalog.pg_attribute
            on pg_attribute.attrelid = indrelid and pg_attribute.attnum = part.attnum and part.attnum != 0
        where place <= indnkeyatts
        order by place
    )
from pg_catalog.pg_index
inner join pg_catalog.pg_class as index on index.oid = indexrelid
inner join pg_catalog.pg_am on pg_am.oid = index.relam
where indrelid = %s
order by indisprimary desc, indnkeyatts, index.relname
"""


@dataclass(frozen=True)
class Relation:
    """A table or the like: `rows` as the last analyze counted them (None: never), `size` in words.

    `quoted` is its name as SQL writes it. `parent` is a table whose rows include this one's.
    """

    oid: int
    schema: str
    name: str
    kind: str
    is_readable: bool
    size: str | None
    rows: float | None
    description: str | None
    parent: str | None
    has_children: bool
    has_update_trigger: bool
    is_row_secured: bool
    quoted_schema: str
    quoted: str

    @property
    def kind_name(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Index:
    """An index: `is_key` says that it may be one, `orders` that it finds what is later than a moment."""

    name: str
    is_primary: bool
    is_key: bool
    orders: bool
    columns: tuple[str | None, ...]


def relations_of(cursor: Cursor) -> list[Relation]:
    """Return every table, view and the like outside of the system's schemas, those of public first."""
    cursor.execute(LOCK_TIMEOUT)
    cursor.execute(RELATIONS)
    return [Relation(*row) for row in cursor.fetchall()]


def indexes_of(cursor: Cursor, relation: Relation) -> list[Index]:
    """Return the relation's indexes, the primary key first, then those of few columns."""
    cursor.execute(INDEXES, (relation.oid,))
    return [Index(*row[:4], tuple(row[4])) for row in cursor.fetchall()]


def columns_of_relation(cursor: Cursor, relation: Relation) -> dict[str, Found]:
    """Return the relation's columns by name."""
    return columns_of(cursor, Identifier(relation.schema, relation.name))
