"""Land what changed in raw: bronze has every version of every row that came, and is only added to.

Data flow: rows of raw with a newer _loaded_at than the last landing -> one Delta commit a table. The commit
says up to which stamp raw was landed, as a transaction of the application: a landing that is repeated finds
that, one that is killed leaves no commit, and of two at once Delta takes one.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.errors import InputError, TransientError
from include.specs import RawTable
from include.tables import raw_tables
from include.transaction import transaction
from lakehouse import quarantine, raw
from lakehouse.lake import Lake
from lakehouse.shapes import UTC_TIME, Shape, refuse_other_types, shape_of

log = logging.getLogger(__name__)

ATTEMPTS = 5
INGESTED = pa.schema(
    [
        pa.field("_source_table", pa.string(), nullable=False),
        pa.field("_ingested_at", UTC_TIME, nullable=False),
        pa.field("_ingested_date", pa.date32(), nullable=False),
    ]
)
# PostgreSQL's numbers of the cluster and of the database: a warehouse that was made anew is another one.
IDENTITY = """
select 'raw ' || system_identifier || '/' || pg_database.oid
from pg_control_system(), pg_database where datname = current_database()
"""


@dataclass(frozen=True)
class Landing:
    """What one landing brought: rows into bronze, and rows into quarantine."""

    table: str
    landed: int
    quarantined: int


def land(connection: Connection, lake: Lake, now: datetime) -> list[Landing]:
    """Land all raw tables as they are at one moment. `connection` must not be in a transaction.

    Raises InputError for a lake that follows something else, SchemaDriftError for a column of another type.
    """
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with transaction(connection) as cursor:
        cursor.execute(IDENTITY)
        (source,) = cursor.fetchone()
        return [land_table(cursor, lake, table, source, now) for table in raw_tables().values()]


def land_table(cursor: Cursor, lake: Lake, table: RawTable, source: str, now: datetime) -> Landing:
    """Land one raw table. `source` names the warehouse, as the application of the commit."""
    shape = shape_of(cursor, table)
    for _ in range(ATTEMPTS):
        bronze = bronze_table(lake, shape, source)
        after = raw.from_micros(bronze.transaction_version(source))
        if (upto := raw.newest_load(cursor, shape, after)) is None:
            return Landing(table.raw, 0, 0)
        window = raw.Window(after, upto)
        rejected = raw.bad_rows(cursor, shape, window)
        quarantine.keep(lake, f"raw.{table.raw}", rejected, now)
        rows = raw.changed_rows(cursor, shape, window)
        if (landed := append(bronze, f"raw.{table.raw}", shape.schema, rows, source, upto, now)) is not None:
            return Landing(table.raw, landed, len(rejected))
    raise TransientError(f"bronze.{table.raw}: {ATTEMPTS} times another writer was first. Try again")


def bronze_table(lake: Lake, shape: Shape, source: str) -> DeltaTable:
    """Return the bronze table, made where it is not there. Raises InputError if it follows another source."""
    name, schema = f"bronze.{shape.name}", pa.schema([*shape.schema, *INGESTED])
    # The table says what it follows from its first version on.
    table = lake.find_or_create(name, schema, ["_ingested_date"], description=source)
    if (followed := table.metadata().description) != source:
        raise InputError(
            f"{name} follows {followed}, and this is {source}. Name another LAKE in .env for it, or delete"
            f" the tables in {lake.settings.root} to begin anew"
        )
    refuse_other_types(name, pa.schema(table.schema().to_arrow()), schema)
    return table


def append(
    bronze: DeltaTable,
    origin: str,
    schema: pa.Schema,
    rows: Iterable[pa.RecordBatch],
    source: str,
    upto: datetime,
    now: datetime,
) -> int | None:
    """Commit the rows to the version that was read; return how many, None when another writer was first."""
    counted = _Counted(rows, origin, now)
    stream = pa.RecordBatchReader.from_batches(pa.schema([*schema, *INGESTED]), counted)
    # Of two commits to one version that are the same application's, Delta refuses the second.
    commit = CommitProperties(app_transactions=[Transaction(source, raw.micros(upto))])
    try:
        write_deltalake(bronze, stream, mode="append", schema_mode="merge", commit_properties=commit)
    except CommitFailedError:
        return None
    log.info("Landed %s rows of %s", f"{counted.rows:,}", origin)
    return counted.rows


class _Counted:
    """Batches with the columns of INGESTED, counted as they go by."""

    def __init__(self, batches: Iterable[pa.RecordBatch], origin: str, now: datetime) -> None:
        self.rows = 0
        self._batches, self._values = batches, (origin, now, now.date())

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            added = [
                pa.repeat(pa.scalar(value, type=field.type), batch.num_rows)
                for value, field in zip(self._values, INGESTED, strict=True)
            ]
            schema = pa.schema([*batch.schema, *INGESTED])
            yield pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)
