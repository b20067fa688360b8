"""The contents of a star: tables, row counts, checksums, and views that read another star."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.ops.publications import Contents
from include.publish.schema_marker import NEXT, PREVIOUS, TRUSTED

TABLES = """
select relname from pg_class
where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p')
order by relname
"""
COUNT_AND_HASH = """
select count(*), coalesce(sum(hash_record_extended(contents, 0)), 0)::text from {table} as contents
"""
# A view depends on the tables that it reads by its rule.
FOREIGN_READS = """
select distinct format('%%s reads %%s', reader.oid::regclass, read.oid::regclass)
from pg_depend as dependency
inner join pg_rewrite as rule on rule.oid = dependency.objid
inner join pg_class as reader on reader.oid = rule.ev_class
inner join pg_class as read on read.oid = dependency.refobjid
where
    dependency.classid = 'pg_rewrite'::regclass
    and dependency.refclassid = 'pg_class'::regclass
    and reader.relnamespace = to_regnamespace(%s)
    and read.relnamespace in (select to_regnamespace(name) from unnest(%s) as name)
"""


def tables_in(cursor: Cursor, schema: str) -> list[str]:
    """Return the names of the schema's tables."""
    cursor.execute(TABLES, (schema,))
    return [name for (name,) in cursor.fetchall()]


def contents_of(cursor: Cursor, schema: str) -> Contents:
    """Count and hash the rows of every table, independent of their order; update the planner's statistics."""
    counts, sums = {}, {}
    for name in tables_in(cursor, schema):
        cursor.execute(SQL("analyze {}").format(Identifier(schema, name)))
        counts[name], sums[name] = count_and_hash(cursor, schema, name)
    return Contents(counts, sums)


def count_and_hash(cursor: Cursor, schema: str, table: str) -> tuple[int, str]:
    """Return how many rows a table has, and their checksum, independent of their order."""
    cursor.execute(SQL(COUNT_AND_HASH).format(table=Identifier(schema, table)))
    return cursor.fetchone()


def foreign_parts(cursor: Cursor, schema: str) -> list[str]:
    """Return the star's views that read a table of another star, with that table: dbt would drop both."""
    others = [name for name in (NEXT, TRUSTED, PREVIOUS) if name != schema]
    cursor.execute(FOREIGN_READS, (schema, others))
    return [text for (text,) in cursor.fetchall()]
