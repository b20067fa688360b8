"""The table ops.source_figures, and the fingerprint of a table: rows, key hash, sum of each number column.

Data flow: a load measures the source inside its snapshot -> ops.source_figures, in the load's transaction;
raw, and what is published, are measured in the same way. One scan each: no row travels. Equal tables have
equal figures, in any order of their rows, on any server.
"""

from decimal import Decimal

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Composable, Composed, Identifier

from include.tables import NUMBERS, PostgresTable, RawTable

Fingerprint = dict[str, Decimal]
ROWS, KEY_HASH = "rows", "key_hash"


def hashed_keys(key: Composable) -> Composed:
    """Return the two columns that sum up a set of keys, the same in every database."""
    return SQL('count(*), coalesce(sum(hashtextextended({}::text collate "C", 0)), 0)').format(key)


def key_text(key: tuple[str, ...]) -> Composable:
    """Return the key as one text."""
    columns = SQL(", ").join(map(Identifier, key))
    return columns if len(key) == 1 else SQL("concat_ws(' ', {})").format(columns)


def numbers(table: RawTable) -> list[str]:
    """Return the columns that are added up: the numbers that are no part of the key."""
    return [
        column.name
        for column in table.raw_columns
        if column.type in NUMBERS and column.name not in table.raw_key
    ]


def sum_of(column: str) -> str:
    """Return the name of the measure that adds up the column."""
    return f"sum({column})"


def fingerprint_of(cursor: Cursor, rows: Composable, key: tuple[str, ...], columns: list[str]) -> Fingerprint:
    """Return the figures of the rows, given as what follows `from`, in one scan."""
    sums = [SQL("coalesce(sum({}), 0)").format(Identifier(column)) for column in columns]
    aggregates = SQL(", ").join([hashed_keys(key_text(key)), *sums])
    cursor.execute(SQL("select {} from {}").format(aggregates, rows))
    return dict(zip([ROWS, KEY_HASH, *map(sum_of, columns)], cursor.fetchone(), strict=True))


def fingerprint_of_source(reader: Cursor, table: PostgresTable) -> Fingerprint:
    """Return the figures of a table of the PostgreSQL source."""
    return fingerprint_of(reader, Identifier(table.name), table.raw_key, numbers(table))


def live_rows(table: RawTable) -> Composed:
    """Return the table's rows in raw that are not marked as deleted, as what follows `from`."""
    return SQL("(select * from raw.{} where _deleted_at is null) as live").format(Identifier(table.raw))


def remember_fingerprint(cursor: Cursor, table: RawTable, figures: Fingerprint) -> None:
    """Write down what the source held, in the transaction that brings it into raw."""
    cursor.execute("delete from ops.source_figures where table_name = %s", (table.raw,))
    execute_values(
        cursor,
        "insert into ops.source_figures (table_name, measure, value) values %s",
        [(table.raw, name, value) for name, value in figures.items()],
    )


def remember_live_keys(cursor: Cursor, table: RawTable) -> None:
    """Write down which keys a load left alive, where the source does not stand still to be measured."""
    remember_fingerprint(cursor, table, fingerprint_of(cursor, live_rows(table), table.raw_key, []))


def remembered_fingerprint(cursor: Cursor, table: RawTable) -> Fingerprint:
    """Return what the last load wrote down; nothing when there was none."""
    cursor.execute("select measure, value from ops.source_figures where table_name = %s", (table.raw,))
    return dict(cursor.fetchall())
