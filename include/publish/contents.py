"""What a star holds: its tables, their rows and checksums, and views that read another star."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.ops.publications import Contents
from include.publish.schema_marker import NEXT, PREVIOUS, TRUSTED


def tables_in(cursor: Cursor, schema: str) -> list[str]:
    """Return the names of the schema's tables."""
    cursor.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p')"
        " order by relname",
        (schema,),
    )
    return [name for (name,) in cursor.fetchall()]


def contents_of(cursor: Cursor, schema: str) -> Contents:
    """Count and hash the rows of every table, in any order, and bring the planner's statistics up to date."""
    counts, sums = {}, {}
    for name in tables_in(cursor, schema):
        table = Identifier(schema, name)
        cursor.execute(SQL("analyze {}").format(table))
        cursor.execute(
            SQL(
                "select count(*), coalesce(sum(hash_record_extended(contents, 0)), 0)::text"
                " from {} as contents"
            ).format(table)
        )
        counts[name], sums[name] = cursor.fetchone()
    return Contents(counts, sums)


def foreign_parts(cursor: Cursor, schema: str) -> list[str]:
    """Return what in the star reads a table of another star: dbt would drop it with that table."""
    cursor.execute(
        """
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
        """,
        (schema, [name for name in (NEXT, TRUSTED, PREVIOUS) if name != schema]),
    )
    return [text for (text,) in cursor.fetchall()]
