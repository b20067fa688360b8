"""The rows and columns of a table in two stars: what came, went and changed."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier

from include.publish.swap import SHARED_COUNTS

# Stamps of loads, which tell nothing of a row.
STAMPS = "_"
FACT = "fct_viewing_sessions"
COLUMNS = """
select relname, attname, format_type(atttypid, atttypmod)
from pg_class inner join pg_attribute on attrelid = pg_class.oid
where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p') and attnum > 0 and not attisdropped
    and not starts_with(relname, %s)
order by relname, attnum
"""
# The key of a table is its primary key, or the unique index that stands for one.
KEYS = """
select distinct on (relname)
    relname,
    (
        select array_agg(attname::text order by place)
        from unnest(indkey::smallint[]) with ordinality as part (number, place)
        inner join pg_attribute on attrelid = indrelid and attnum = number
    )
from pg_index inner join pg_class on pg_class.oid = indrelid
where relnamespace = to_regnamespace(%s) and indisunique and indpred is null and indexprs is null
order by relname, indisprimary desc, indnkeyatts
"""
ROWS = """
select
    count(*) filter (where older.is_row is null) as added,
    count(*) filter (where newer.is_row is null) as removed,
    count(*) filter (where older.is_row and newer.is_row and ({older}) is distinct from ({newer})) as changed
from (select true as is_row, * from {seen}) as older
full join (select true as is_row, * from {next}) as newer using ({keys})
"""
COUNT = "select count(*) from {}"


@dataclass(frozen=True)
class TableChange:
    """What publishing does to a table. Without a key in both stars, rows are counted alone."""

    name: str
    rows_before: int
    rows_after: int
    added: int | None
    removed: int | None
    changed: int | None
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_retyped: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Tell whether readers would see anything new of the table."""
        rows = (self.added, self.removed, self.changed, self.rows_before != self.rows_after)
        return any(rows) or bool(self.columns_added or self.columns_removed or self.columns_retyped)


def compare_tables(cursor: Cursor, seen: str, following: str) -> list[TableChange]:
    """Return what happens to each table that readers see, by name, when they get the following schema."""
    before, after = _columns(cursor, seen), _columns(cursor, following)
    keys, next_keys = _keys(cursor, seen), _keys(cursor, following)
    return [
        _compare(cursor, name, before.get(name, {}), after.get(name, {}), key, Identifier(seen, name),
                 Identifier(following, name))
        for name in sorted(before.keys() | after.keys())
        for key in [keys.get(name) if keys.get(name) == next_keys.get(name) else None]
    ]  # fmt: skip


def _compare(
    cursor: Cursor,
    name: str,
    before: dict[str, str],
    after: dict[str, str],
    key: list[str] | None,
    seen: Identifier,
    following: Identifier,
) -> TableChange:
    added = removed = changed = None
    if before and after and key:
        values = [one for one in before if one in after and one not in key and not one.startswith(STAMPS)]
        added, removed, changed = _rows(cursor, key, values, seen, following)
    return TableChange(
        name,
        _count(cursor, seen) if before else 0,
        _count(cursor, following) if after else 0,
        added,
        removed,
        changed,
        tuple(one for one in after if one not in before),
        tuple(one for one in before if one not in after),
        tuple(
            f"{one}: {before[one]} -> {after[one]}"
            for one in before
            if after.get(one, before[one]) != before[one]
        ),
    )


def _rows(
    cursor: Cursor, key: list[str], values: list[str], seen: Identifier, following: Identifier
) -> tuple[int, int, int]:
    query = SQL(ROWS).format(
        seen=seen,
        next=following,
        keys=_list(key),
        older=_list(values, "older"),
        newer=_list(values, "newer"),
    )
    cursor.execute(query)
    return cursor.fetchone()


def _list(names: list[str], source: str | None = None) -> Composed | SQL:
    if not names:
        # Two rows with the same key and nothing else are the same.
        return SQL("true")
    return SQL(", ").join(Identifier(source, one) if source else Identifier(one) for one in names)


def _columns(cursor: Cursor, schema: str) -> dict[str, dict[str, str]]:
    cursor.execute(COLUMNS, (schema, SHARED_COUNTS))
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in cursor.fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _keys(cursor: Cursor, schema: str) -> dict[str, list[str]]:
    cursor.execute(KEYS, (schema,))
    return dict(cursor.fetchall())


def _count(cursor: Cursor, table: Identifier) -> int:
    cursor.execute(SQL(COUNT).format(table))
    return cursor.fetchone()[0]
