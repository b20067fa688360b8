"""Measure a source's table part by part: where nobody wrote since the last load, no value is hashed again.

Data flow: the table's pages, and what the last load kept of them (ops.source_parts) -> the fingerprint, and
the parts for the next load.

PostgreSQL changes no row in place: each change writes a new one, which bears the number of its transaction.
So a part has the rows and values that it had if it has as many rows, and none of a transaction that was open,
or had not begun, in the snapshot of the last load: each of its rows was there, and none of them is gone. The
rows' own stamps have no say in it: a change without a new stamp is found as ever.

That holds while one server runs, since none goes back to an earlier state without a restart, or a crash,
after which it begins its statistics anew; while the table keeps its file, in which no row moves; for ordinary
tables, whose rows PostgreSQL itself keeps; and for types whose values are what a row stores, as those of an
enumeration are not. Where any of it does not hold, everything is hashed.

Example: of 26,000 pages in parts of 256 a load finds rows of later transactions in two parts. It hashes the
rows of these, some 40,000 of 2 million, and adds what it knows of the other hundred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import reduce

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json
from psycopg2.sql import SQL, Literal

from include.extract_load.shape import CARRIED
from include.extract_load.source_rows import SourceRows
from include.ops.fingerprint import (
    ROWS,
    Fingerprint,
    Measured,
    figures_of,
    fingerprint_of,
    names_of,
)

# A part has so many pages (2 MB as PostgreSQL is built), of a larger table twice as many, and so on.
PAGES, MOST_PARTS = 256, 128
# Where somebody wrote in each of so many parts, the others are not looked at: what changed is everywhere.
SAMPLE = 8
# Since then a range of pages is read without the rest of the table.
TID_RANGES = 14_00_00
# Of transactions that are further apart PostgreSQL cannot say which is older.
HALF_OF_XIDS, ALL_XIDS = 1 << 31, 1 << 32
STORED_TYPES = sorted({*CARRIED, "character varying", "character varying[]", "character", "character[]"})
TABLE = """
select
    md5(concat_ws(
        ' ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time(),
        pg_database.oid, pg_class.oid, relfilenode, columns, {definition}
    )),
    txid_snapshot_xmin(txid_current_snapshot()),
    pg_relation_size(pg_class.oid) / current_setting('block_size')::bigint
from pg_catalog.pg_class
inner join pg_catalog.pg_am on pg_am.oid = relam
inner join pg_catalog.pg_database on datname = current_database()
cross join lateral (
    select
        string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod), ',' order by attnum) as columns,
        bool_and(attgenerated != 'v' and format_type(atttypid, null) = any ({types})) as are_stored
    from pg_catalog.pg_attribute
    where attrelid = pg_class.oid and attnum > 0 and attname::text = any ({names})
) as described
where pg_class.oid = to_regclass({relation}) and relkind = 'r' and amname = 'heap' and are_stored
    and not relhassubclass and not relrowsecurity and has_table_privilege(pg_class.oid, 'select')
"""
WRITTEN_SINCE = "age(source.xmin) <= age({}::xid)"
KEEP = """
insert into ops.source_parts (table_name, identity, oldest_open, pages, figures) values (%s, %s, %s, %s, %s)
"""
# Exact, whatever the figures are; of an infinity and its opposite it makes no number, as PostgreSQL does.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


@dataclass(frozen=True)
class Parts:
    """The figures of a table, each of `pages` pages, in a snapshot in which `oldest_open` was the oldest."""

    identity: str
    oldest_open: int
    pages: int
    figures: Sequence[Fingerprint]


def known_parts(cursor: Cursor, name: str) -> Parts | None:
    """Return the parts that the raw table's last load kept, if any."""
    query = "select identity, oldest_open, pages, figures from ops.source_parts where table_name = %s"
    cursor.execute(query, (name,))
    if not (found := cursor.fetchone()):
        return None
    *rest, figures = found
    return Parts(*rest, [{name: Decimal(value) for name, value in part.items()} for part in figures])


def keep_parts(cursor: Cursor, name: str, parts: Parts | None) -> None:
    """Keep the parts for the next load, in the transaction of the rows that they speak of."""
    cursor.execute("delete from ops.source_parts where table_name = %s", (name,))
    if parts:
        figures = [{name: str(value) for name, value in part.items()} for part in parts.figures]
        cursor.execute(KEEP, (name, parts.identity, parts.oldest_open, parts.pages, Json(figures)))


def measure_source(
    reader: Cursor, rows: SourceRows, measured: Measured, known: Parts | None
) -> tuple[Fingerprint, Parts | None]:
    """Return the figures of the rows in the reader's snapshot, and the parts to keep, if there can be any."""
    if not (found := _look(reader, rows, measured)):
        return fingerprint_of(reader, rows.good, measured), None
    divided = _divide(rows, found)
    figures: dict[int, Fingerprint] = {}
    if known and _is_earlier(known, found):
        figures = _unwritten(reader, divided, known)
    figures |= _hash(reader, {n: part for n, part in divided.items() if n not in figures}, measured)
    found = replace(found, figures=[figures[number] for number in divided])
    return reduce(_add, found.figures), found


def _look(reader: Cursor, rows: SourceRows, measured: Measured) -> Parts | None:
    """Return the table as it is to be divided, as yet without figures; None if it has to be hashed whole."""
    if not rows.table.key or reader.connection.server_version < TID_RANGES:
        return None
    definition = SQL("select {} from {}").format(figures_of(reader, measured), rows.good).as_string(reader)
    query = SQL(TABLE).format(
        definition=Literal(definition),
        types=Literal(STORED_TYPES),
        names=Literal([column.name for column in rows.table.columns]),
        relation=Literal(rows.relation.as_string(reader)),
    )
    reader.execute(query)
    if not (described := reader.fetchone()):
        return None
    identity, oldest_open, size = described
    pages = PAGES
    while size > pages * MOST_PARTS:
        pages *= 2
    return Parts(identity, oldest_open, pages, [{}] * max(-(-size // pages), 1))


def _divide(rows: SourceRows, parts: Parts) -> dict[int, SourceRows]:
    """Return the rows of each part by its number; the last one has no end."""
    last = len(parts.figures) - 1
    if not last:
        return {0: rows}
    starts = range(0, last * parts.pages, parts.pages)
    divided = [replace(rows, pages=(start, start + parts.pages)) for start in starts]
    return dict(enumerate([*divided, replace(rows, pages=(last * parts.pages, None))]))


def _is_earlier(known: Parts, found: Parts) -> bool:
    """Say whether these are earlier figures of the same table in the same running server."""
    is_same = (known.identity, known.pages) == (found.identity, found.pages)
    return is_same and 0 <= found.oldest_open - known.oldest_open < HALF_OF_XIDS


def _unwritten(reader: Cursor, divided: Mapping[int, SourceRows], known: Parts) -> dict[int, Fingerprint]:
    """Return the known figures of the parts in which nobody wrote; none where none of the first is such."""
    numbers = range(min(len(divided), len(known.figures)))
    first = numbers[:: max(len(numbers) // SAMPLE, 1)]
    if not (figures := _same(reader, {number: divided[number] for number in first}, known)):
        return {}
    return figures | _same(reader, {n: divided[n] for n in numbers if n not in first}, known)


def _same(reader: Cursor, divided: Mapping[int, SourceRows], known: Parts) -> dict[int, Fingerprint]:
    """Return the known figures of the parts that have as many rows, and none that was written since."""
    since = SQL(WRITTEN_SINCE).format(Literal(str(known.oldest_open % ALL_XIDS)))
    queries = [
        SQL("select {}, count(*), count(*) filter (where {}) from {}").format(
            Literal(number), since, part.good_as_stored
        )
        for number, part in divided.items()
    ]
    if not queries:
        return {}
    reader.execute(SQL(" union all ").join(queries))
    return {
        number: figures
        for number, rows, written in reader.fetchall()
        if not written and (figures := known.figures[number])[ROWS] == rows
    }


def _hash(reader: Cursor, divided: Mapping[int, SourceRows], measured: Measured) -> dict[int, Fingerprint]:
    """Return the figures of the parts, in one scan of each."""
    if not divided:
        return {}
    figures, names = figures_of(reader, measured), names_of(measured)
    queries = (
        SQL("select {}, {} from {}").format(Literal(number), figures, part.good)
        for number, part in divided.items()
    )
    reader.execute(SQL(" union all ").join(queries))
    return {number: dict(zip(names, found, strict=True)) for number, *found in reader.fetchall()}


def _add(one: Fingerprint, other: Fingerprint) -> Fingerprint:
    """Return the figures of both."""
    return {name: EXACT.add(value, other[name]) for name, value in one.items()}
