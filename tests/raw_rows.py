"""Rows written straight into raw, as a load writes them."""

from collections.abc import Mapping

from psycopg2.sql import SQL, Composed, Identifier, Placeholder

from include.tables import raw_tables


def upsert(table: str, row: Mapping[str, object]) -> Composed:
    """Return the statement that writes the row over the one of its key; its values go by their names."""
    names = SQL(", ").join(map(Identifier, row))
    return SQL(
        "insert into raw.{table} ({names}) values ({values}) on conflict ({key}) do update set"
        " ({names}) = row ({values})"
    ).format(
        table=Identifier(table),
        names=names,
        values=SQL(", ").join(map(Placeholder, row)),
        key=SQL(", ").join(map(Identifier, raw_tables()[table].raw_key)),
    )
