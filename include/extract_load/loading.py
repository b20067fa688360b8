"""Copy what changed in the source systems into the raw schema, one transaction per source table.

Data flow: source -> temporary table in the warehouse -> raw; the first load of a PostgreSQL table goes
straight into raw. Rows, watermark, deletions, rejected documents, the source's figures and the row in
ops.load_runs are committed together, so a load that is killed leaves nothing, and one that is repeated
changes nothing. The next load reads from the watermark on; rows whose values did not change keep their
stamps. A load that would delete too much, or finds too much that it must reject, stops itself.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from pymongo.database import Database

from include.errors import InputError
from include.extract_load import drift, mongo, postgres, raw
from include.extract_load.mongo_keys import refuse_repeated_keys
from include.extract_load.raw_shape import follow_declaration
from include.extract_load.source_parts import Parts, keep_parts, known_parts, measure_source
from include.extract_load.source_rows import SourceRows
from include.extract_load.staged import Staged
from include.ops.fingerprint import (
    KEY_HASH,
    ROWS,
    Fingerprint,
    Measured,
    all_of,
    measured_in_source,
    remember_fingerprint,
    remember_live_rows,
)
from include.ops.load_runs import Load, record_load
from include.ops.quarantine import store_rejected
from include.progress import followed
from include.rules.limits import refuse_mass_deletion, refuse_mass_rejection
from include.rules.rejected import Rejected
from include.run import Run
from include.specs import ROW_KEY, MongoCollection, PostgresTable, RawTable
from include.transaction import transaction


def load_table(source: Connection, warehouse: Connection, table: PostgresTable, run: Run) -> list[Load]:
    """Load a table of the PostgreSQL source into its raw table.

    Raises GuardError, with nothing changed, when too many live rows would vanish; SchemaDriftError, with
    nothing but that kept, when the source no longer has the columns that are declared.
    """
    slow = followed(warehouse, f"raw.{table.raw} to be loaded")
    with slow, transaction(warehouse) as cursor:
        start = raw.open_load(cursor, table.raw, table, run)
        load = Load("extract", table.raw, start.loaded_at)
        load.watermark = postgres.everything_before_is_visible(source)
        keys = _load_changes(source, cursor, table, load, start)
        # Keys that are not followed say nothing about the rows of raw.
        known = keys if table.deletes == "sweep" else None
        raw.close_load(cursor, table.raw, load.watermark, run.batch, known)
        record_load(warehouse, load, run.batch)
    return [load]


def _load_changes(
    source: Connection, cursor: Cursor, table: PostgresTable, load: Load, start: raw.LoadStart
) -> raw.KeySet:
    """Bring into raw what changed in the source since the last load; return the keys that the source has.

    Deleted rows are found without shipping every key: the keys of the last load plus those that came now must
    be those of the source. If A, B, C were loaded last and D comes now, {A, B, C} + {D} is compared with the
    source's own sum; where C is gone the sums differ, and only then all keys travel.
    """
    with postgres.snapshot(source) as reader:
        followed = drift.follow(reader, cursor, table, start.run.batch)
        rows, table, declared = followed.rows, followed.rows.table, table
        measured = measured_in_source(reader, declared, table)
        rows.refuse_repeated_keys(reader)
        # The values of a new column move no updated_at.
        read_from = None if followed.has_new_column else start.read_from
        _set_aside(reader, cursor, rows, load, start, read_from)
        if raw.is_empty(cursor, table):
            read, load.inserted = postgres.fill(reader, cursor, rows, start)
            load.read += read
            return _remember(cursor, declared, measure_source(reader, rows, measured, None), measured)
        load.read += postgres.stage(reader, cursor, rows, read_from)
        known = known_parts(cursor, table.raw) if read_from else None
        # The source sums itself up while the warehouse merges.
        with ThreadPoolExecutor(max_workers=1) as pool:
            measuring = pool.submit(measure_source, reader, rows, measured, known)
            came = raw.merge(cursor, table, load, start)
        keys = _remember(cursor, declared, measuring.result(), measured)
        is_any_gone = table.deletes == "sweep" and (not start.keys or keys != start.keys + came)
        if is_any_gone:
            postgres.stage_keys(reader, cursor, rows)
    if is_any_gone:
        _follow_deletions(cursor, table, load, start, came)
    return keys


def _set_aside(
    reader: Cursor,
    cursor: Cursor,
    rows: SourceRows,
    load: Load,
    start: raw.LoadStart,
    read_from: datetime | None,
) -> None:
    """Put the changed rows that break a rule into quarantine; raise InputError when they are too many."""
    if not (rejected := rows.rejected(reader, read_from)):
        return
    warehouse = cursor.connection
    store_rejected(warehouse, load, load.table, rejected, start.run.batch)
    load.read = load.quarantined = len(rejected)
    # What every load reads again, because it has no stamp, says nothing about what came with this one.
    read, came = rows.count_dated(reader, read_from), rows.rejected(reader, read_from, undated=False)
    _keep_and_raise(warehouse, _mass_rejection(load.table, read, came, start))


def _remember(
    cursor: Cursor,
    table: PostgresTable,
    found: tuple[Fingerprint, Parts | None],
    measured: Measured,
) -> raw.KeySet:
    """Record what the source held, as a whole and by parts; return its keys."""
    fingerprint, parts = found
    remember_fingerprint(cursor, table, fingerprint, measured)
    keep_parts(cursor, table.raw, parts)
    return raw.KeySet(fingerprint[ROWS], fingerprint[KEY_HASH])


def _follow_deletions(
    cursor: Cursor, table: RawTable, load: Load, start: raw.LoadStart, came: raw.KeySet
) -> None:
    """Mark the rows whose key is gone; raise GuardError when they are too many of those live before."""
    raw.mark_deleted(cursor, table, load, start)
    if load.deleted:
        live_before = raw.count_live(cursor, table) + load.deleted - came.count
        # Of a row that is known by what it says, a change looks like one that went and one that came.
        replaced = came.count if table.raw_key == ROW_KEY else 0
        gone = max(load.deleted - replaced, 0)
        refuse_mass_deletion(load.table, gone, live_before, start.run.limits)


def load_collection(
    source: Database, warehouse: Connection, collection: MongoCollection, run: Run
) -> list[Load]:
    """Load a collection of the MongoDB source into the raw tables of its documents and their arrays.

    Raises GuardError, with nothing changed, when too many live rows would vanish; InputError, with nothing
    but the reasons kept, when too many documents must be rejected or the collection is missing.
    """
    name, batch = collection.raw, run.batch
    slow = followed(warehouse, f"raw.{name} to be loaded")
    with slow, transaction(warehouse) as cursor:
        start = raw.open_load(cursor, name, collection, run)
        drift.refuse_missing_collection(source, cursor, collection, batch)
        refuse_repeated_keys(source, collection)
        if follow_declaration(cursor, collection, batch):
            # The values of what is declared anew move no stamp.
            start = replace(start, read_from=None)
        staged = _fill(source, cursor, collection, start)
        staged = staged or mongo.stage(source, cursor, collection, start.read_from)
        read, rejected = staged.came_now(start.read_from)
        refusal = _mass_rejection(name, read, rejected, start)
        if refusal and staged.is_filled:
            mongo.undo_filling(cursor)
        drift.report_fields(cursor, staged.new_fields, batch)
        store_rejected(warehouse, Load("extract", name, start.loaded_at), name, staged.rejected, batch)
        _keep_and_raise(warehouse, refusal)
        loads = [_load_of(table, staged, start) for table in collection.raw_tables]
        if not staged.changes_nothing:
            _bring(cursor, collection, staged, start, loads)
        loads += _unknown_kinds(collection, staged, start)
        raw.close_load(cursor, name, staged.watermark, batch)
        for load in loads:
            record_load(warehouse, load, batch)
    return loads


def _fill(
    source: Database, cursor: Cursor, collection: MongoCollection, start: raw.LoadStart
) -> Staged | None:
    """Fill the raw tables if all is to be read and they are empty; return None where that is not to be."""
    if start.read_from or not all(raw.is_empty(cursor, table) for table in collection.raw_tables):
        return None
    return mongo.fill(source, cursor, collection, start)


def _bring(
    cursor: Cursor,
    collection: MongoCollection,
    staged: Staged,
    start: raw.LoadStart,
    loads: Sequence[Load],
) -> None:
    """Bring the raw tables up to date with what was staged, unless they are filled; remember their rows."""
    for table, load in zip(collection.raw_tables, loads, strict=True):
        if staged.is_filled:
            load.inserted = staged.good_by_table[table.raw]
        else:
            came = raw.merge(cursor, table, load, start)
            _follow_deletions(cursor, table, load, start, came)
    for table in collection.raw_tables:
        measured = Measured(table.raw_key) if collection.is_incremental else all_of(table)
        remember_live_rows(cursor, table, measured, collection.watermark)


def _load_of(table: RawTable, staged: Staged, start: raw.LoadStart) -> Load:
    """Return the load of a raw table, with what was read for it."""
    load = Load("extract", table.raw, start.loaded_at, watermark=staged.watermark)
    load.quarantined = staged.rejected_by_table.get(table.raw, 0)
    load.read = load.quarantined + staged.good_by_table[table.raw]
    return load


def _mass_rejection(
    name: str, read: int, rejected: Sequence[Rejected], start: raw.LoadStart
) -> InputError | None:
    """Return the error of too many rejected rows or documents among those that were read, if they are."""
    try:
        refuse_mass_rejection(name, read, rejected, start.run.limits)
    except InputError as error:
        return error
    return None


def _keep_and_raise(warehouse: Connection, refusal: InputError | None) -> None:
    """Raise the error, if there is one; the reasons are kept, and nothing else: raw was not touched yet."""
    if refusal:
        warehouse.commit()
        raise refusal


def _unknown_kinds(collection: MongoCollection, staged: Staged, start: raw.LoadStart) -> list[Load]:
    """Return the load of documents of no known kind, which belong to no raw table: one or none."""
    name, tables = collection.raw, {table.raw for table in collection.raw_tables}
    # A raw table may have the collection's name: then they were counted with it.
    count = 0 if name in tables else staged.rejected_by_table.get(name, 0)
    return [Load("extract", name, start.loaded_at, read=count, quarantined=count)] if count else []
