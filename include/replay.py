"""Try quarantined rows again, after a rule or the row itself was mended.

Data flow: quarantine.rejected_rows -> a file like the one they came in -> the seed's own checks and merge ->
source. What an extraction rejected is still in its collection, which is read whole again -> raw.

Files are whole, so only rows of a file's newest load count: what was rejected before is superseded. Each row
leaves quarantine once; it stays in the table, released, as the record of what became of it.
"""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_batch
from pymongo.database import Database

from include.extract_load import load_collection
from include.ops.load_runs import Load
from include.rules.reasons import REPEATED_KEY, problem, sentence
from include.rules.rejected import Rejected
from include.run import Batch, Run
from include.seed import mongo, postgres
from include.tables import MongoCollection, PostgresTable
from include.transaction import transaction

NEWEST_LOAD = """
select batch_id, started_at from ops.load_runs where (stage, table_name) = ('seed', %s)
order by load_run_id desc limit 1
"""
SUPERSEDE = """
update quarantine.rejected_rows set released_at = now(), release = 'superseded'
where (stage, source_name) = ('seed', %s) and released_at is null and batch_id <> %s and rejected_at < %s
"""
WAITING = """
select rejected_row_id, position, value, rule, header, row_text from quarantine.rejected_rows
where (stage, source_name, batch_id) = ('seed', %s, %s) and released_at is null
order by header, rejected_row_id for update
"""
REJECT_AGAIN = """
update quarantine.rejected_rows
set (column_name, value, reason, rule) = (%s, %s, %s, %s) where rejected_row_id = %s
"""
RELEASE = """
update quarantine.rejected_rows set released_at = now(), release = 'replayed' where rejected_row_id = any (%s)
"""
# The load that has read everything again wrote down what it still rejects.
RELEASE_EXTRACTED = """
update quarantine.rejected_rows as old set released_at = now(), release = case when exists (
    select from quarantine.rejected_rows as new
    where (new.batch_id, new.stage) = (%(batch_id)s, 'extract')
    and (new.source_name, new.position) = (old.source_name, old.position)
) then 'superseded' else 'replayed' end
where (stage, source_name) = ('extract', %(name)s) and released_at is null and batch_id <> %(batch_id)s
returning release
"""


class Row(NamedTuple):
    """A row that waits in quarantine: where it stood, what was wrong, and its text, perhaps mended since."""

    rejected_row_id: int
    position: str
    value: str | None
    rule: str
    header: str | None
    text: str


@dataclass(frozen=True)
class Replay:
    """What became of the rows in quarantine of one file or collection."""

    name: str
    replayed: int
    still_rejected: int
    superseded: int


# The row's id -> what is still wrong with it; None: the same as before.
StillRejected = Mapping[int, Rejected | None]


def replay_table(source: Connection, warehouse: Connection, table: PostgresTable) -> Replay:
    """Merge the table's quarantined rows into the source, as far as they pass the checks now."""
    return _replay(warehouse, table, lambda rows: _merge_into_postgres(source, table, rows))


def replay_documents(database: Database, warehouse: Connection, collection: MongoCollection) -> Replay:
    """Merge the collection's quarantined documents into the source, as far as they pass the checks now."""
    return _replay(warehouse, collection, lambda rows: _merge_into_mongo(database, collection, rows))


def replay_extraction(
    catalogue: Database, warehouse: Connection, collection: MongoCollection, batch: Batch
) -> Replay:
    """Read the whole collection again into raw: what an extraction rejected may be loadable now."""
    name = collection.raw
    with transaction(warehouse) as cursor:
        cursor.execute("delete from ops.watermarks where table_name = %s", (name,))
    loads = load_collection(catalogue, warehouse, collection, Run(batch))
    with transaction(warehouse) as cursor:
        cursor.execute(RELEASE_EXTRACTED, {"batch_id": batch.batch_id, "name": name})
        released = [release for (release,) in cursor.fetchall()]
    still_rejected = sum(load.quarantined for load in loads)
    return Replay(name, released.count("replayed"), still_rejected, released.count("superseded"))


def _replay(
    warehouse: Connection,
    target: PostgresTable | MongoCollection,
    merge: Callable[[list[Row]], StillRejected],
) -> Replay:
    # The source commits first: killed before the warehouse does, the next replay merges nothing new.
    with transaction(warehouse) as cursor:
        cursor.execute(NEWEST_LOAD, (target.name,))
        newest = cursor.fetchone()
        if newest is None:
            return Replay(target.file, 0, 0, 0)
        cursor.execute(SUPERSEDE, (target.file, *newest))
        superseded = cursor.rowcount
        cursor.execute(WAITING, (target.file, newest[0]))
        rows = [Row(*row) for row in cursor.fetchall()]
        still_rejected = merge(rows) if rows else {}
        _reject_again(cursor, still_rejected)
        cursor.execute(RELEASE, ([row.rejected_row_id for row in rows if row[0] not in still_rejected],))
        return Replay(target.file, cursor.rowcount, len(still_rejected), superseded)


def _reject_again(cursor: Cursor, still_rejected: StillRejected) -> None:
    changes = []
    for rejected_row_id, found in still_rejected.items():
        if found:
            # Lines are counted in a file of the replay's own.
            is_repeated = found.rule == REPEATED_KEY
            reason = sentence(REPEATED_KEY, "another row") if is_repeated else found.reason
            changes.append((found.column, found.value, reason, found.rule, rejected_row_id))
    execute_batch(cursor, REJECT_AGAIN, changes)


def _merge_into_postgres(source: Connection, table: PostgresTable, rows: Sequence[Row]) -> StillRejected:
    still_rejected: dict[int, Rejected | None] = {}
    with transaction(source) as cursor, tempfile.TemporaryDirectory() as folder:
        cursor.execute("select pg_advisory_xact_lock(hashtext('seed ' || %s))", (table.name,))
        for header, group in groupby(rows, key=lambda row: row.header):
            contract = ",".join(column.name for column in table.columns)
            path = Path(folder) / table.file
            still_rejected |= _merge_lines(source, table, path, header or contract, list(group))
    return still_rejected


def _merge_lines(
    source: Connection, table: PostgresTable, path: Path, header: str, rows: list[Row]
) -> StillRejected:
    columns = [name.strip() for name in next(csv.reader([header]))]
    key = columns.index(table.key)
    still_rejected: dict[int, Rejected | None] = {}
    ids_by_line, lines, line = {}, [header], 2
    for row in rows:
        fields = _fields(row)
        if len(fields) != len(columns) or _is_repeated(row, fields[key]):
            still_rejected[row.rejected_row_id] = None
            continue
        ids_by_line[line] = row.rejected_row_id
        lines.append(row.text)
        line += row.text.count("\n") + 1
    if ids_by_line:
        path.write_bytes(("\n".join(lines) + "\n").encode())
        load = Load("seed", table.name, datetime.now(UTC))
        rejected = postgres.merge_file(source, table, path, load, is_whole=False)
        still_rejected |= {ids_by_line[int(found.position)]: found for found in rejected}
    return still_rejected


def _fields(row: Row) -> list[str]:
    """Return the row's fields; none when it is not one record, and would swallow the rows after it."""
    # Quarantine shows NUL as \0: that was never the value.
    is_without_nul = row.rule != "nul_in_row" or "\\0" not in row.text
    try:
        records = list(csv.reader(io.StringIO(row.text, newline=""), strict=True))
    except csv.Error:
        return []
    return records[0] if len(records) == 1 and row.text.count('"') % 2 == 0 and is_without_nul else []


def _is_repeated(row: Row, key: object) -> bool:
    # The first row of that key was loaded from the same file: replaying the second would overwrite it.
    return row.rule == REPEATED_KEY and row.value == key


def _merge_into_mongo(database: Database, collection: MongoCollection, rows: Sequence[Row]) -> StillRejected:
    still_rejected: dict[int, Rejected | None] = {}
    content: dict[str, list] = {kind.name: [] for kind in collection.kinds}
    ids_by_position = {}
    for row in rows:
        try:
            document = json.loads(row.text)
        except ValueError as error:
            still_rejected[row.rejected_row_id] = Rejected(
                row.position, *problem("not_json", error), row.text
            )
            continue
        if isinstance(document, dict) and _is_repeated(row, document.get(collection.key)):
            still_rejected[row.rejected_row_id] = None
            continue
        kind = row.position.partition("[")[0]
        ids_by_position[f"{kind}[{len(content[kind])}]"] = row.rejected_row_id
        content[kind].append(document)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / collection.file
        path.write_text(json.dumps(content))
        load = Load("seed", collection.name, datetime.now(UTC))
        rejected, writes = mongo.merge_documents(database, collection, path, load, is_whole=False)
    mongo.write(database, collection, writes)
    return still_rejected | {ids_by_position[found.position]: found for found in rejected}
