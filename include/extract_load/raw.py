"""The warehouse side of a load: temporary table -> raw table, stamped where a value changed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier

from include.errors import TransientError
from include.libpq import WORDS
from include.ops.fingerprint import hashed_keys, key_text
from include.ops.load_runs import Load
from include.rules.document_json import moments
from include.run import Batch, Run
from include.specs import DocumentKind, Extraction, RawTable

# In COPY's text format.
NULL = "\\N"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# What is read at once of the text that is copied.
COPY_BYTES = 1 << 20
# Only rows that differ are written. By `ctid` an update looks for no key and locks no row first, as an
# upsert does. What was updated is counted before all else reads `changed`, which is read as the update goes
# along, so that a page of raw is visited once. Each column is named with its table: those of a source have
# any names.
MERGE = """
with changed as materialized (
    select
        stage.*, target.ctid,
        target.{first_key} is not null and target._deleted_at is null as _was_live
    from {stage} as stage left join raw.{table} as target on {same_key}
    where target.{first_key} is null or target._deleted_at is not null
        or ({old_values}) is distinct from ({new_values})
),
updated as (
    update raw.{table} as target set
        ({columns}) = ({changed}), _batch_id = %(batch_id)s, _deleted_at = null,
        _as_of = greatest(target._as_of, %(as_of)s), _loaded_at = %(loaded_at)s
    from changed where target.ctid = changed.ctid
    returning 1
),
inserted as (
    insert into raw.{table} ({columns}, _batch_id, _as_of, _loaded_at)
    select {changed}, %(batch_id)s, %(as_of)s, %(loaded_at)s from changed where changed.ctid is null
    returning 1
),
came as (select {came} from changed where not changed._was_live)
select
    (select count(*) from updated), (select count(*) from inserted), (select count(*) from changed),
    (select count(*) from {stage}), came.*
from came
"""
MARK_DELETED = """
update raw.{table} as target set
    _deleted_at = %(loaded_at)s, _loaded_at = %(loaded_at)s,
    _batch_id = %(batch_id)s, _as_of = greatest(target._as_of, %(as_of)s)
where target._deleted_at is null and not exists (select 1 from {keys} as gone where {same_key})
"""


@dataclass(frozen=True)
class KeySet:
    """A set of keys in two numbers: how many they are, and the sum of their 64-bit hashes.

    Equal sets have equal numbers, in any order; a key that went and another that came change the sum.
    """

    count: int
    sum: Decimal

    def __add__(self, other: "KeySet") -> "KeySet":
        """Return the union of two sets that have no key in common."""
        return KeySet(self.count + other.count, self.sum + other.sum)


@dataclass(frozen=True)
class LoadStart:
    """Where a load begins: its run and stamp, and what the last load left (None: nothing is known).

    The source is read from `read_from` on (None: whole); `keys` are those that it had then. `watermark` is
    the name of its stamp.
    """

    run: Run
    loaded_at: datetime
    read_from: datetime | None
    keys: KeySet | None
    watermark: str | None

    @property
    def stamps(self) -> dict[str, object]:
        """The values of the columns _batch_id, _as_of and _loaded_at, by parameter name."""
        return {**vars(self.run.batch), "loaded_at": self.loaded_at}


def lock_loads(cursor: Cursor, name: str) -> None:
    """Take the table's lock until the transaction ends, so that its loads follow one another.

    From here on the transaction writes texts as the source does.
    """
    cursor.execute(WORDS)
    cursor.execute("select pg_advisory_xact_lock(hashtext('load ' || %s))", (name,))


def open_load(cursor: Cursor, name: str, source: Extraction, run: Run) -> LoadStart:
    """Lock the table and find where its last load ended."""
    lock_loads(cursor, name)
    # The clock, not now(): while this waited for the lock another load may have stamped later than now().
    cursor.execute(
        """
        select clock_timestamp(), watermark, key_count, key_sum
        from (select 1) as once left join ops.watermarks on table_name = %s
        """,
        (name,),
    )
    loaded_at, watermark, *keys = cursor.fetchone()
    read_from = watermark - source.overlap if watermark and source.is_incremental else None
    known = None if None in keys else KeySet(*keys)
    return LoadStart(run, loaded_at, read_from, known, source.watermark)


def is_empty(cursor: Cursor, table: RawTable) -> bool:
    """Say whether raw holds no row at all, not even a deleted one."""
    cursor.execute(SQL("select not exists (select 1 from raw.{})").format(Identifier(table.raw)))
    return cursor.fetchone()[0]


def create_stage(cursor: Cursor, table: RawTable) -> None:
    """Create the temporary tables that a source fills: `stage_*` for rows, `keys_*` for every key."""
    columns = [(column.name, column.type) for column in table.raw_columns]
    # In the key's order, in which a source sends them, whatever that of the columns is.
    keys = [(name, dict(columns)[name]) for name in table.raw_key]
    columns.append(("_source_updated_at", "timestamptz"))
    if isinstance(table, DocumentKind):
        columns.append(("_document", "jsonb"))
    for name, definitions in ((f"stage_{table.raw}", columns), (f"keys_{table.raw}", keys)):
        cursor.execute(
            SQL("create temporary table {} ({}) on commit drop").format(
                Identifier(name),
                SQL(", ").join(
                    SQL("{} {}").format(Identifier(column), SQL(type_)) for column, type_ in definitions
                ),
            )
        )


def copy_lines(cursor: Cursor, table: Composable, columns: Sequence[str], lines: Sequence[str]) -> None:
    """Copy rows that are in COPY's text format into a table."""
    if lines:
        target = SQL("{} ({})").format(table, SQL(", ").join(map(Identifier, columns)))
        text = io.BytesIO("\n".join((*lines, "")).encode())
        cursor.copy_expert(SQL("copy {} from stdin").format(target), text, size=COPY_BYTES)


def field_of(value: object) -> str:
    """Return the value as a field of COPY's text format; a datetime is one of BSON."""
    if value is None:
        return NULL
    return f"{moments([value])[0]}Z" if isinstance(value, datetime) else text_field(str(value))


def text_field(text: str) -> str:
    """Return a text as a field of COPY's text format."""
    # To look for each is a tenth of the time that to translate takes.
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.translate(ESCAPES)
    return text


def count_live(cursor: Cursor, table: RawTable) -> int:
    """Return how many rows of the raw table are not marked as deleted."""
    cursor.execute(SQL("select count(*) from raw.{} where _deleted_at is null").format(Identifier(table.raw)))
    return cursor.fetchone()[0]


def merge(cursor: Cursor, table: RawTable, load: Load, start: LoadStart) -> KeySet:
    """Bring the staged rows into raw: insert the new, stamp the changed and the returned, skip the others.

    Return the keys that came: the new and the returned. Raises TransientError when somebody else changed one
    of the rows meanwhile, so that it is no longer in its place.
    """
    keys = SQL(", ").join(map(Identifier, table.raw_key))
    cursor.execute(SQL("analyze {} ({})").format(Identifier(f"stage_{table.raw}"), keys))
    # Few rows are found by their key, not by reading all of raw: on a disk that seeks for free.
    cursor.execute("set local random_page_cost = 1.1")
    # The path of the stamp: a field may have a % in its name, which only a parameter may.
    stamp = start.watermark.split(".") if start.watermark else []
    cursor.execute(_merge(table), {**start.stamps, "stamp": stamp})
    load.updated, load.inserted, changed, staged, *came = cursor.fetchone()
    if load.updated + load.inserted < changed:
        raise TransientError(
            f"{table.raw}: somebody else changed its rows in raw meanwhile. Nothing was loaded: run it again"
        )
    load.unchanged = staged - changed
    return KeySet(*came)


def mark_deleted(cursor: Cursor, table: RawTable, load: Load, start: LoadStart) -> None:
    """Mark the rows whose key is gone from the source."""
    keys = Identifier(f"keys_{table.raw}")
    cursor.execute(SQL("analyze {}").format(keys))
    query = SQL(MARK_DELETED).format(
        table=Identifier(table.raw), keys=keys, same_key=_same_key(table, "gone")
    )
    cursor.execute(query, start.stamps)
    load.deleted = cursor.rowcount


def close_load(
    cursor: Cursor, name: str, watermark: datetime, batch: Batch, keys: KeySet | None = None
) -> None:
    """Move the watermark and remember the source's keys, in the transaction of the data they speak of."""
    cursor.execute(
        """
        insert into ops.watermarks as old (table_name, watermark, batch_id, key_count, key_sum)
        values (%s, %s, %s, %s, %s)
        on conflict (table_name) do update set
            watermark = greatest(old.watermark, excluded.watermark),
            batch_id = excluded.batch_id, key_count = excluded.key_count, key_sum = excluded.key_sum
        """,
        (name, watermark, batch.batch_id, keys and keys.count, keys and keys.sum),
    )


def forget_watermark(cursor: Cursor, name: str) -> bool:
    """Have the next load read the whole source again; tell whether there was a watermark."""
    cursor.execute("delete from ops.watermarks where table_name = %s", (name,))
    return cursor.rowcount > 0


def _merge(table: RawTable) -> Composed:
    """Return the statement MERGE for the table: its columns, key, and what makes a row a changed one."""
    names = [column.name for column in table.raw_columns]
    document = ["_document"] if isinstance(table, DocumentKind) else []
    values = [Identifier(name) for name in [*names, *document, "_source_updated_at"]]
    return SQL(MERGE).format(
        table=Identifier(table.raw),
        stage=Identifier(f"stage_{table.raw}"),
        first_key=Identifier(table.raw_key[0]),
        same_key=_same_key(table, "stage"),
        columns=SQL(", ").join(values),
        changed=SQL(", ").join(SQL("changed.{}").format(value) for value in values),
        old_values=_compared("target", table),
        new_values=_compared("stage", table),
        came=hashed_keys(key_text(table.raw_key)),
    )


def _same_key(table: RawTable, other: str) -> Composed:
    """Return the condition that a row of the raw table and one of `other` have the same key."""
    return SQL(" and ").join(
        SQL("{}.{} = target.{}").format(Identifier(other), Identifier(column), Identifier(column))
        for column in table.raw_key
    )


def _compared(row: str, table: RawTable) -> Composed:
    """Return the values of a row by which a change is noticed."""
    values = [SQL("{}.{}").format(Identifier(row), Identifier(column.name)) for column in table.raw_columns]
    # 1.0 and 1 are one key, but two texts, and keys are compared with those of the source by their texts.
    values += [
        SQL("{}.{}::text").format(Identifier(row), Identifier(column.name))
        for column in table.raw_columns
        if column.type == "numeric" and column.name in table.raw_key
    ]
    if isinstance(table, DocumentKind):
        # When a document was touched is not what it says: its stamp alone is no change.
        values.append(SQL("{}._document #- %(stamp)s::text[]").format(Identifier(row)))
    return SQL(", ").join(values)
