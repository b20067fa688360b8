"""Find the rows in which raw differs from the present source, or from the star, and in which columns.

The source has changed since the last load, so keys of rows that are not comparable are left out:

- rows with an updated_at at or after the watermark of that load, or without one: the next load reads them;
- documents that the loader rejects: raw has their last valid version, if any. The loader's own rules find
  them, since quarantine also holds rows that were corrected long ago;
- rows that the source deleted since the load. A deletion has no timestamp, so they are left out only if raw
  has exactly the keys that the load left in it (ops.source_figures): nobody else wrote a key into raw.

Example: the load read A, B and C up to 12:00. At 12:05 A changes, B becomes invalid, C is deleted: they are
left out. If somebody also wrote a row X into raw, the keys A, B, C, X are not those of the load: C and X are
reported as not in the source.

The source is staged in the same transaction: `stage_*` holds its valid rows, `keys_*` all its keys.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.ops.fingerprint import (
    DOCUMENT,
    KEY_HASH,
    ROWS,
    hashed_keys,
    key_text,
    live_rows,
    numbers,
    without_stamp,
)
from include.specs import Array, DocumentKind, RawTable

# Of a longer text the beginning is shown.
LONGEST_SHOWN = 60

KEYS_LEFT_OUT = """
(
    select {key} from {stage} as staged
    where not {is_as_loaded} and coalesce(staged._source_updated_at >= {watermark}::timestamptz, true)
)
union
(select {key} from {keys} except select {key} from {stage})
union
select deleted._key from (
    select {key} as _key from raw.{raw} as live where live._deleted_at is null
    except
    select {key} from {keys}
) as deleted
where (
    (
        select figures.value from ops.source_figures as figures
        where figures.table_name = {table} and figures.measure = {rows}
    ),
    (
        select figures.value from ops.source_figures as figures
        where figures.table_name = {table} and figures.measure = {key_hash}
    )
) = (select {hashed} from {live})
"""
STAGED_ROWS = """
(
    select {staged} from {stage} where not {is_left_out}
    union all
    select {columns} from {live} where {is_left_out}
) as source
"""
# A join has 1,664 columns at most, fewer than two tables may have: each row is one value in it.
DIFFERING_KEYS = """
with left_side as materialized (
    select {key} as _compared_key, _compared_row from (select {columns} from {left_rows}) as _compared_row
),
right_side as materialized (
    select {key} as _compared_key, _compared_row from (select {columns} from {right_rows}) as _compared_row
),
joined as (
    select
        _compared_key,
        case
            when right_side._compared_key is null then {missing}
            when left_side._compared_key is null then {extra}
            else nullif(array_to_string(array[{details}]::text[], '; '), '')
        end as detail
    from left_side full join right_side using (_compared_key)
)
select concat(joined._compared_key, ' (', joined.detail, ')') from joined
where joined.detail is not null
order by joined._compared_key
limit {limit}
"""
DETAIL = """
case when {left_value} is distinct from {right_value} then {said} end
"""
VALUES = "concat({name}, ' ', {left_value}, {in_left}, {right_value}, {in_right})"
NUMBER = """
coalesce(
    left({value}::text, {longest})
    || case when length({value}::text) > {longest} then '...' else '' end,
    'null'
)
"""
TEXT = """
coalesce(
    quote_literal(left({value}::text, {longest}))
    || case when length({value}::text) > {longest} then '...' else '' end,
    'null'
)
"""


def leave_out(
    cursor: Cursor, parents: Sequence[RawTable], watermark: datetime | None, *, is_as_loaded: bool = False
) -> int:
    """Create the temporary table `left_out` with the keys that are not comparable; return how many.

    With `is_as_loaded` nothing changed in the source since the load, whatever the stamps say.
    """
    queries = SQL(" union ").join(_keys_left_out(table, watermark, is_as_loaded) for table in parents)
    create = "create temporary table left_out (_left_out_key) on commit drop as {}"
    cursor.execute(SQL(create).format(queries))
    count = cursor.rowcount
    for name in ("left_out", *(f"stage_{table.raw}" for table in parents)):
        cursor.execute(SQL("analyze {}").format(Identifier(name)))
    return count


def staged_rows(table: RawTable, columns: Sequence[str], watermark: str | None = None) -> Composed:
    """Return the `from` item for the staged source, with raw's rows in place of those left out."""
    names = [Identifier(column) for column in columns]
    documents = {DOCUMENT} if isinstance(table, DocumentKind) else set()
    staged = [
        SQL("{} as {}").format(without_stamp(watermark), name) if column in documents else name
        for column, name in zip(columns, names, strict=True)
    ]
    # An element is left out with its document.
    key = Identifier(table.key.name) if isinstance(table, Array) else key_text(table.raw_key)
    return SQL(STAGED_ROWS).format(
        columns=SQL(", ").join(names),
        staged=SQL(", ").join(staged),
        is_left_out=SQL("exists (select 1 from left_out where left_out._left_out_key = {})").format(key),
        live=live_rows(table, watermark),
        stage=Identifier(f"stage_{table.raw}"),
    )


def differing_keys(
    cursor: Cursor, table: RawTable, columns: Collection[str], sides: dict[str, Composable], limit: int
) -> list[str]:
    """Return the first keys that differ, with their differences: `U3 (age 31 in the source, 30 in raw)`.

    `sides` are two: name -> `from` item of its rows. Values of columns that are personal, or that nobody
    declared, are not shown.
    """
    (left, left_rows), (right, right_rows) = sides.items()
    # Those that are declared first, in their order.
    declared = [column.name for column in table.raw_columns if column.name in columns]
    names = [name for name in dict.fromkeys([*declared, *columns]) if name not in table.raw_key]
    details = [_detail(table, column, left, right) for column in names]
    query = SQL(DIFFERING_KEYS).format(
        key=key_text(table.raw_key),
        columns=SQL(", ").join(map(Identifier, [*table.raw_key, *names])),
        left_rows=left_rows,
        right_rows=right_rows,
        missing=Literal(f"missing in {right}"),
        extra=Literal(f"not in {left}"),
        details=SQL(", ").join(details),
        limit=Literal(limit),
    )
    cursor.execute(query)
    return [shown for (shown,) in cursor.fetchall()]


def _keys_left_out(table: RawTable, watermark: datetime | None, is_as_loaded: bool) -> Composed:
    """Return the query for the table's keys that are not comparable: changed, rejected, deleted since."""
    return SQL(KEYS_LEFT_OUT).format(
        key=key_text(table.raw_key),
        watermark=Literal(watermark),
        is_as_loaded=Literal(is_as_loaded),
        keys=Identifier(f"keys_{table.raw}"),
        hashed=hashed_keys(key_text(table.raw_key)),
        table=Literal(table.raw),
        rows=Literal(ROWS),
        key_hash=Literal(KEY_HASH),
        live=live_rows(table),
        raw=Identifier(table.raw),
        stage=Identifier(f"stage_{table.raw}"),
    )


def _detail(table: RawTable, column: str, left: str, right: str) -> Composed:
    """Return the expression for a column's difference in words; null where the sides are equal."""
    may_be_shown = {declared.name for declared in table.raw_columns if not declared.personal}
    said = Literal(f"{column} differs")
    if column in may_be_shown:
        shown = NUMBER if column in numbers(table) else TEXT
        said = SQL(VALUES).format(
            name=Literal(column),
            left_value=_value(shown, "left_side", column),
            right_value=_value(shown, "right_side", column),
            in_left=Literal(f" in {left}, "),
            in_right=Literal(f" in {right}"),
        )
    values = {f"{side}_value": _value("{value}", f"{side}_side", column) for side in ("left", "right")}
    return SQL(DETAIL).format(said=said, **values)


def _value(shown: str, side: str, column: str) -> Composed:
    """Return the expression for a value of one side, in words."""
    value = SQL("({}._compared_row).{}").format(SQL(side), Identifier(column))
    return SQL(shown).format(value=value, longest=Literal(LONGEST_SHOWN))
