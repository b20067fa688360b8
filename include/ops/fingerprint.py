"""The table ops.source_figures, and a table's fingerprint: what is measured of its rows in one scan.

Measured are the number of rows, a hash of the keys, one of all values, and the sum of each number column.

Data flow: a load measures the source inside its snapshot -> ops.source_figures, in the load's transaction.
Raw and star are measured in the same way, by one scan of each table; no rows are transferred.

Example: a table with the rows (U1, age 30) and (U2, age 40) has the figures rows = 2, key_hash = hash('U1') +
hash('U2'), row_hash = hash('U1', 30) + hash('U2', 40) and sum(age) = 70. Equal tables have equal figures, in
any row order, on any server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.libpq import server_encoding
from include.ops.row_hash import hashable, row_hash, text_hash
from include.specs import NUMBERS, DocumentKind, PostgresTable, RawTable

Fingerprint = dict[str, Decimal]
# The name of a measure.
ROWS, KEY_HASH, ROW_HASH = "rows", "key_hash", "row_hash"
DOCUMENT = "_document"


@dataclass(frozen=True)
class Measured:
    """What is measured of rows: their key, the numbers to add up, and the columns of the row hash.

    `hashed` maps their names to their types in raw; without any there is no row hash.
    """

    key: tuple[str, ...]
    numbers: Sequence[str] = ()
    hashed: Mapping[str, str] = field(default_factory=dict)


def hashed_keys(key: Composable, *, is_utf8: bool = True) -> Composed:
    """Return two aggregates for a set of keys, equal in every database: their count and sum of hashes."""
    return SQL("count(*), coalesce(sum({}), 0)").format(text_hash(key, is_utf8=is_utf8))


def key_text(key: tuple[str, ...], types: Mapping[str, str] | None = None) -> Composable:
    """Return the key as one expression; a composite key is the text of its row, such as (S1,2).

    `types` are those in raw, for rows that are not typed so.
    """
    names = [Identifier(name) for name in key]
    if types:
        names = [SQL("{}::{}").format(Identifier(name), SQL(types[name])) for name in key]
    columns = SQL(", ").join(names)
    return columns if len(key) == 1 else SQL("row({})::text").format(columns)


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


def all_of(table: RawTable) -> Measured:
    """Return what is measured of a raw table: everything that its columns say, and its documents."""
    hashed = {column.name: column.type for column in table.raw_columns}
    document = {DOCUMENT: "jsonb"} if isinstance(table, DocumentKind) else {}
    return Measured(table.raw_key, numbers(table), hashed | document)


def fingerprint_of(cursor: Cursor, rows: Composable, measured: Measured) -> Fingerprint:
    """Return the figures of the rows in one scan; `rows` is a `from` item."""
    cursor.execute(SQL("select {} from {}").format(figures_of(cursor, measured), rows))
    return dict(zip(names_of(measured), cursor.fetchone(), strict=True))


def names_of(measured: Measured) -> list[str]:
    """Return the names of the measures, in the order of `figures_of`."""
    hashed = [ROW_HASH] if measured.hashed else []
    return [ROWS, KEY_HASH, *map(sum_of, measured.numbers), *hashed]


def figures_of(cursor: Cursor, measured: Measured) -> Composed:
    """Return the aggregates for rows in the cursor's database."""
    is_utf8 = _is_utf8(cursor)
    figures = [hashed_keys(key_text(measured.key), is_utf8=is_utf8)]
    figures += [SQL("coalesce(sum({}), 0)").format(Identifier(column)) for column in measured.numbers]
    if measured.hashed:
        figures.append(_sum_of_hashes(measured.hashed, is_utf8))
    return SQL(", ").join(figures)


def rows_and_hash_of(cursor: Cursor, rows: Composable, hashed: Mapping[str, str]) -> Fingerprint:
    """Return the number of rows and their hash alone: where both are equal, so is all the rest."""
    query = SQL("select count(*), {} from {}").format(_sum_of_hashes(hashed, _is_utf8(cursor)), rows)
    cursor.execute(query)
    return dict(zip([ROWS, ROW_HASH], cursor.fetchone(), strict=True))


def measured_in_source(reader: Cursor, declared: PostgresTable, loaded: PostgresTable) -> Measured:
    """Return what is measured of a source's table; `loaded` also has the columns that nobody declared."""
    hashed = hashable(all_of(loaded).hashed, is_utf8=_is_utf8(reader))
    return Measured(declared.raw_key, numbers(declared), hashed)


def _is_utf8(cursor: Cursor) -> bool:
    return server_encoding(cursor) == "UTF8"


def _sum_of_hashes(hashed: Mapping[str, str], is_utf8: bool) -> Composed:
    return SQL("coalesce(sum({}), 0)").format(row_hash(hashed, is_utf8=is_utf8))


def live_rows(table: RawTable, watermark: str | None = None) -> Composed:
    """Return the `from` item for the rows in raw that are not marked as deleted.

    Of documents the field `watermark` is taken away: when one was touched is not what it says.
    """
    if isinstance(table, DocumentKind):
        names = [column.name for column in table.raw_columns]
        columns: Composable = SQL("{}, {} as {}").format(
            SQL(", ").join(map(Identifier, names)), without_stamp(watermark), Identifier(DOCUMENT)
        )
    else:
        columns = SQL("*")
    return SQL("(select {} from raw.{} where _deleted_at is null) as live").format(
        columns, Identifier(table.raw)
    )


def without_stamp(watermark: str | None) -> Composed:
    """Return the document without the field of its stamp: when it was touched is not what it says."""
    path = watermark.split(".") if watermark else []
    return SQL("{} #- {}::text[]").format(Identifier(DOCUMENT), Literal(path))


def remember_fingerprint(cursor: Cursor, table: RawTable, figures: Fingerprint, measured: Measured) -> None:
    """Store the source's figures, in the transaction that loads its rows into raw."""
    cursor.execute("delete from ops.source_figures where table_name = %s", (table.raw,))
    execute_values(
        cursor,
        "insert into ops.source_figures (table_name, measure, value, columns) values %s",
        # As texts: psycopg2 would make NaN of an infinity.
        [
            (table.raw, name, str(value), Json(measured.hashed) if name == ROW_HASH else None)
            for name, value in figures.items()
        ],
    )


def remember_live_rows(cursor: Cursor, table: RawTable, measured: Measured, watermark: str | None) -> None:
    """Store the figures of the live rows in raw after a load, for a source that has no snapshots."""
    figures = fingerprint_of(cursor, live_rows(table, watermark), measured)
    remember_fingerprint(cursor, table, figures, measured)


def remembered_fingerprint(cursor: Cursor, table: RawTable) -> Fingerprint:
    """Return the figures that the last load stored; none before the first load."""
    cursor.execute("select measure, value from ops.source_figures where table_name = %s", (table.raw,))
    return dict(cursor.fetchall())


def remembered_rows(cursor: Cursor) -> dict[str, int]:
    """Return how many rows the source of each raw table had at its last load."""
    query = "select table_name, value::bigint from ops.source_figures where measure = %s"
    cursor.execute(query, (ROWS,))
    return dict(cursor.fetchall())


def remembered_columns(cursor: Cursor, table: RawTable) -> dict[str, str]:
    """Return the columns of the row hash that the last load stored, with their types; none without one."""
    query = "select columns from ops.source_figures where (table_name, measure) = (%s, %s)"
    cursor.execute(query, (table.raw, ROW_HASH))
    found = cursor.fetchone()
    return found[0] if found else {}
