"""The table ops.source_figures, and a table's fingerprint: row count, key hash and sum of each number column.

Data flow: a load measures the source inside its snapshot -> ops.source_figures, in the load's transaction.
Raw and star are measured in the same way, by one scan of each table; no rows are transferred.

Example: a table with the rows (U1, age 30) and (U2, age 40) has the figures rows = 2, key_hash = hash('U1') +
hash('U2') and sum(age) = 70. Equal tables have equal figures, in any row order, on any server.
"""

from collections.abc import Mapping
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Composable, Composed, Identifier

from include.specs import NUMBERS, PostgresTable, RawTable

Fingerprint = dict[str, Decimal]
ROWS, KEY_HASH = "rows", "key_hash"


def hashed_keys(key: Composable) -> Composed:
    """Return two aggregates for a set of keys, equal in every database: their count and sum of hashes."""
    return SQL('count(*), coalesce(sum(hashtextextended({}::text collate "C", 0)), 0)').format(key)


def key_text(key: tuple[str, ...], types: Mapping[str, str] | None = None) -> Composable:
    """Return the key as one expression; a composite key is the text of its row, such as (S1,2).

    `types` are those in raw, for rows that are not typed so.
    """
    names = [Identifier(name) for name in key]
    if types:
        names = [SQL("{}::{}").format(Identifier(name), SQL(types[name])) for name in key]
    columns = SQL(", ").join(names)
    return columns if len(key) == 1 else SQL("row({})::text").format(columns)


def _in_utf8(cursor: Cursor, key: Composable) -> Composable:
    """Return the key with the bytes that it has in the warehouse, whatever the server's own encoding is."""
    if cursor.connection.info.parameter_status("server_encoding") == "UTF8":
        return key
    # Of SQL_ASCII nothing is converted: the bytes stay, and the hash is one of bytes.
    return SQL("convert_from(convert_to({}::text, 'UTF8'), 'SQL_ASCII')").format(key)


def numbers(table: RawTable) -> list[str]:
    """Return the columns to add up: the numbers outside the key."""
    return [
        column.name
        for column in table.raw_columns
        if column.type in NUMBERS and column.name not in table.raw_key
    ]


def sum_of(column: str) -> str:
    """Return the name of the measure that adds up the column."""
    return f"sum({column})"


def fingerprint_of(cursor: Cursor, rows: Composable, key: tuple[str, ...], columns: list[str]) -> Fingerprint:
    """Return the figures of the rows in one scan; `rows` is a `from` item."""
    sums = [SQL("coalesce(sum({}), 0)").format(Identifier(column)) for column in columns]
    aggregates = SQL(", ").join([hashed_keys(_in_utf8(cursor, key_text(key))), *sums])
    cursor.execute(SQL("select {} from {}").format(aggregates, rows))
    return dict(zip([ROWS, KEY_HASH, *map(sum_of, columns)], cursor.fetchone(), strict=True))


def fingerprint_of_source(reader: Cursor, table: PostgresTable, rows: Composable) -> Fingerprint:
    """Return the figures of a table of the PostgreSQL source; `rows` is the `from` item of what is loaded."""
    return fingerprint_of(reader, rows, table.raw_key, numbers(table))


def live_rows(table: RawTable) -> Composed:
    """Return the `from` item for the rows in raw that are not marked as deleted."""
    return SQL("(select * from raw.{} where _deleted_at is null) as live").format(Identifier(table.raw))


def remember_fingerprint(cursor: Cursor, table: RawTable, figures: Fingerprint) -> None:
    """Store the source's figures, in the transaction that loads its rows into raw."""
    cursor.execute("delete from ops.source_figures where table_name = %s", (table.raw,))
    execute_values(
        cursor,
        "insert into ops.source_figures (table_name, measure, value) values %s",
        # As texts: psycopg2 would make NaN of an infinity.
        [(table.raw, name, str(value)) for name, value in figures.items()],
    )


def remember_live_rows(cursor: Cursor, table: RawTable, columns: list[str]) -> None:
    """Store the figures of the live rows in raw after a load, for a source that has no snapshots."""
    remember_fingerprint(cursor, table, fingerprint_of(cursor, live_rows(table), table.raw_key, columns))


def remembered_fingerprint(cursor: Cursor, table: RawTable) -> Fingerprint:
    """Return the figures that the last load stored; none before the first load."""
    cursor.execute("select measure, value from ops.source_figures where table_name = %s", (table.raw,))
    return dict(cursor.fetchall())
