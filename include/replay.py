"""Try rejected rows again, after the rule or the row itself was corrected.

Data flow: quarantine.rejected_rows -> the seed's checks and merge (seed/waiting_rows.py) -> source. Documents
that an extraction rejected are still in their collection, which is read whole again -> raw.

A file holds all rows of its table, so only the rows that its newest load rejected are tried; older ones are
superseded. A row leaves quarantine once: it stays in the table, with the outcome in `release`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_batch
from pymongo.database import Database

from include.extract_load import load_collection, load_table
from include.extract_load.raw import forget_watermark
from include.rules.reasons import REPEATED_KEY, sentence
from include.run import Batch, Run
from include.seed.waiting_rows import StillRejected, WaitingRow, merge_csv_rows, merge_documents
from include.specs import MongoCollection, PostgresTable
from include.transaction import transaction

NEWEST_LOAD = """
select batch_id, started_at from ops.load_runs
where (stage, table_name) = ('seed', %s)
order by load_run_id desc limit 1
"""
SUPERSEDE = """
update quarantine.rejected_rows set released_at = now(), release = 'superseded'
where (stage, source_name) = ('seed', %s)
    and released_at is null and batch_id != %s and rejected_at < %s
"""
WAITING = """
select rejected_row_id, position, value, rule, header, row_text from quarantine.rejected_rows
where (stage, source_name, batch_id) = ('seed', %s, %s) and released_at is null
order by header, rejected_row_id for update
"""
REJECT_AGAIN = """
update quarantine.rejected_rows set (column_name, value, reason, rule) = (%s, %s, %s, %s)
where rejected_row_id = %s
"""
RELEASE = """
update quarantine.rejected_rows set released_at = now(), release = 'replayed'
where rejected_row_id = any (%s)
"""
# The load of this batch has read the whole collection, and stored the documents that it still rejects as new
# rows, which supersede the older ones. A document without a new row is no longer rejected.
RELEASE_EXTRACTED = """
update quarantine.rejected_rows as old set
    released_at = now(),
    release = case
        when exists (
            select 1 from quarantine.rejected_rows as new
            where (new.batch_id, new.stage) = (%(batch_id)s, 'extract')
                and (new.source_name, new.position) = (old.source_name, old.position)
        ) then 'superseded'
        else 'replayed'
    end
where (stage, source_name) = ('extract', %(name)s)
    and released_at is null and batch_id != %(batch_id)s
returning release
"""


@dataclass(frozen=True)
class Replay:
    """How many rows in quarantine of one file or collection were replayed, rejected again or superseded."""

    name: str
    replayed: int
    still_rejected: int
    superseded: int


def replay_table(source: Connection, warehouse: Connection, table: PostgresTable) -> Replay:
    """Merge the table's quarantined rows into the source, as far as they pass the checks now."""
    return _replay(warehouse, table, lambda rows: merge_csv_rows(source, table, rows))


def replay_documents(database: Database, warehouse: Connection, collection: MongoCollection) -> Replay:
    """Merge the collection's quarantined documents into the source, as far as they pass the checks now."""
    return _replay(warehouse, collection, lambda rows: merge_documents(database, collection, rows))


def replay_extraction(
    server: Connection | Database,
    warehouse: Connection,
    source: PostgresTable | MongoCollection,
    batch: Batch,
) -> Replay:
    """Load the whole source into raw again: what an extraction rejected may be valid now."""
    name, load = source.raw, load_table if isinstance(source, PostgresTable) else load_collection
    with transaction(warehouse) as cursor:
        forget_watermark(cursor, name)
    loads = load(server, warehouse, source, Run(batch))
    with transaction(warehouse) as cursor:
        cursor.execute(RELEASE_EXTRACTED, {"batch_id": batch.batch_id, "name": name})
        released = [release for (release,) in cursor.fetchall()]
    still_rejected = sum(load.quarantined for load in loads)
    return Replay(name, released.count("replayed"), still_rejected, released.count("superseded"))


def _replay(
    warehouse: Connection,
    target: PostgresTable | MongoCollection,
    merge: Callable[[list[WaitingRow]], StillRejected],
) -> Replay:
    """Merge the rows that the newest load of the target rejected, and update their state in quarantine."""
    # The source commits first. If the warehouse then fails, the next replay repeats the merge without effect.
    with transaction(warehouse) as cursor:
        cursor.execute(NEWEST_LOAD, (target.name,))
        newest = cursor.fetchone()
        if newest is None:
            return Replay(target.file, 0, 0, 0)
        cursor.execute(SUPERSEDE, (target.file, *newest))
        superseded = cursor.rowcount
        cursor.execute(WAITING, (target.file, newest[0]))
        rows = [WaitingRow(*row) for row in cursor.fetchall()]
        still_rejected = merge(rows) if rows else {}
        _reject_again(cursor, still_rejected)
        ids = [row.rejected_row_id for row in rows if row.rejected_row_id not in still_rejected]
        cursor.execute(RELEASE, (ids,))
        return Replay(target.file, cursor.rowcount, len(still_rejected), superseded)


def _reject_again(cursor: Cursor, still_rejected: StillRejected) -> None:
    """Store the new problem of each row that has one."""
    changes = []
    for rejected_row_id, found in still_rejected.items():
        if found:
            # Without the line of the first row: it is one of the temporary file.
            is_repeated = found.rule == REPEATED_KEY
            reason = sentence(REPEATED_KEY, "another row") if is_repeated else found.reason
            changes.append((found.column, found.value, reason, found.rule, rejected_row_id))
    execute_batch(cursor, REJECT_AGAIN, changes)
