"""Write the typed rows of the temporary table `checked` into their table of the source."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier

from include.specs import PostgresTable

# Only rows that differ reach the upsert, which locks each row that it meets.
MERGE = """
with changed as materialized (
    select checked.* from checked left join public.{table} as target on target.{key} = checked.{key}
    where target.{key} is null or ({old}) is distinct from ({new})
),
merged as (
    insert into public.{table} ({columns}) select {columns} from changed
    on conflict ({key}) do update set ({columns}) = row({excluded})
    returning xmax = 0 as inserted
)
select count(*) filter (where merged.inserted), count(*) filter (where not merged.inserted) from merged
"""


def merge_checked(cursor: Cursor, table: PostgresTable) -> tuple[int, int]:
    """Write the new and changed rows; return how many were inserted and updated."""
    columns = SQL(", ").join(Identifier(column.name) for column in table.file_columns)
    cursor.execute(
        SQL(MERGE).format(
            table=Identifier(table.name),
            key=Identifier(table.file_key),
            columns=columns,
            old=_columns_of("target", table),
            new=_columns_of("checked", table),
            excluded=_columns_of("excluded", table),
        )
    )
    return cursor.fetchone()


def _columns_of(row: str, table: PostgresTable) -> Composed:
    """Return the table's columns, each with the name of the row."""
    names = (SQL("{}.{}").format(Identifier(row), Identifier(column.name)) for column in table.file_columns)
    return SQL(", ").join(names)
