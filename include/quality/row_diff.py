"""Which rows differ, when figures do: raw beside the source as it is now, or beside the star.

The source goes on changing, so what cannot be compared is left out, by key:

- rows stamped at or after the watermark of the last load: the next load reads them;
- documents that the loader rejects: raw holds nothing of them, or their last good version. They are judged
  anew by the loader's own rules, since quarantine also remembers what was mended long ago;
- rows that the source deleted since the load. A deletion has no stamp, but raw then still holds exactly the
  keys that the load left in it (ops.source_figures): a key put into raw by anybody else shows.

Works in the transaction in which the source was staged: `stage_*` holds its rows, `keys_*` all its keys.
"""

from collections.abc import Sequence
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.ops.fingerprint import KEY_HASH, ROWS, hashed_keys, key_text, live_rows
from include.tables import RawTable


def leave_out(cursor: Cursor, parents: Sequence[RawTable], watermark: datetime | None) -> int:
    """Create the temporary table `left_out` of the keys that cannot be compared; return how many."""
    queries = SQL(" union ").join(_keys_left_out(table) for table in parents)
    cursor.execute(
        SQL("create temporary table left_out (key) on commit drop as {}").format(queries),
        {"watermark": watermark},
    )
    count = cursor.rowcount
    for name in ("left_out", *(f"stage_{table.raw}" for table in parents)):
        cursor.execute(SQL("analyze {}").format(Identifier(name)))
    return count


def staged_rows(table: RawTable) -> Composed:
    """Return the staged source, as what follows `from`; what was left out is there as raw has it."""
    columns = SQL(", ").join(Identifier(column.name) for column in table.raw_columns)
    is_left_out = SQL("exists (select 1 from left_out where left_out.key = {})").format(
        Identifier(table.raw_key[0])
    )
    return SQL(
        "(select {columns} from {stage} where not {is_left_out}"
        " union all select {columns} from {live} where {is_left_out}) as source"
    ).format(
        columns=columns,
        is_left_out=is_left_out,
        live=live_rows(table),
        stage=Identifier(f"stage_{table.raw}"),
    )


def differing_keys(
    cursor: Cursor,
    key: tuple[str, ...],
    columns: Sequence[str],
    sides: dict[str, Composable],
    limit: int,
) -> list[str]:
    """Return the first keys that differ, each with what differs.

    `sides` are two: the name of each, and its rows as what follows `from`.
    """
    (left, left_rows), (right, right_rows) = sides.items()
    selected = SQL(", ").join([SQL("{} as _key").format(key_text(key)), *map(Identifier, columns)])
    details = [_detail(column, left, right) for column in columns]
    query = SQL(
        "with left_side as (select {columns} from {left_rows}),"
        " right_side as (select {columns} from {right_rows}), joined as ("
        " select _key, case when right_side._key is null then {missing}"
        " when left_side._key is null then {extra} else nullif(concat_ws('; ', {details}), '') end as detail"
        " from left_side full join right_side using (_key))"
        " select concat(_key, ' (', detail, ')') from joined where detail is not null"
        " order by _key limit {limit}"
    ).format(
        columns=selected,
        left_rows=left_rows,
        right_rows=right_rows,
        missing=Literal(f"missing in {right}"),
        extra=Literal(f"not in {left}"),
        details=SQL(", ").join([SQL("null"), *details]),
        limit=Literal(limit),
    )
    cursor.execute(query)
    return [shown for (shown,) in cursor.fetchall()]


def _keys_left_out(table: RawTable) -> Composed:
    left = SQL("(select value from ops.source_figures where table_name = {} and measure = {})")
    return SQL(
        "(select {key} from {stage} where coalesce(_source_updated_at >= %(watermark)s::timestamptz, true))"
        " union (select {key} from {keys} except select {key} from {stage})"
        " union select {key} from ("
        "  select {key} from raw.{raw} where _deleted_at is null except select {key} from {keys}"
        " ) as gone where ({left_rows}, {left_hash}) = (select {hashed} from {live})"
    ).format(
        key=Identifier(table.raw_key[0]),
        keys=Identifier(f"keys_{table.raw}"),
        hashed=hashed_keys(key_text(table.raw_key)),
        left_rows=left.format(Literal(table.raw), Literal(ROWS)),
        left_hash=left.format(Literal(table.raw), Literal(KEY_HASH)),
        live=live_rows(table),
        raw=Identifier(table.raw),
        stage=Identifier(f"stage_{table.raw}"),
    )


def _detail(column: str, left: str, right: str) -> Composed:
    return SQL(
        "case when left_side.{0} is distinct from right_side.{0} then"
        " concat({1}, ' ', coalesce(left_side.{0}::text, 'null'), {2},"
        " coalesce(right_side.{0}::text, 'null'), {3}) end"
    ).format(Identifier(column), Literal(column), Literal(f" in {left}, "), Literal(f" in {right}"))
