"""Merge the three files of a day into the source systems, and record the loads in the warehouse.

Data flow: data/<date>/*.csv, *.json -> PostgreSQL source, MongoDB; rejected rows -> quarantine in the
warehouse. Loads are idempotent. An older day of the same data set is never loaded over a newer one.
"""

import logging
from datetime import UTC, date, datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection
from pymongo.database import Database

from include.errors import InputError
from include.ops.load_runs import Load, record_load
from include.ops.quarantine import store_rejected
from include.progress import followed
from include.rules.limits import refuse_mass_rejection
from include.rules.rejected import Rejected
from include.rules.texts import quoted
from include.run import OWN_FILES, Run
from include.schema.played import SEED_STATE
from include.seed import mongo, postgres
from include.seed.refused import count_refused, log_again
from include.specs import MongoCollection, PostgresTable
from include.transaction import transaction
from include.waiting import announced

log = logging.getLogger(__name__)


def seed_table(source: Connection, warehouse: Connection, table: PostgresTable, run: Run) -> Load:
    """Merge the run's CSV file into the table of the source.

    Raises InputError for a file that cannot be used, or with too many rows to reject; then nothing was
    changed, and the reasons are in quarantine.
    """
    load = Load("seed", table.name, datetime.now(UTC))
    path = Path(run.folder) / table.file
    # The warehouse commits first: if the source's commit fails, the retried load is logged twice. The other
    # order could leave a load without a log entry, which is worse.
    slow = followed(source, f"{table.file} to be seeded")
    with slow, transaction(source) as cursor, transaction(warehouse):
        cursor.execute("select pg_advisory_xact_lock(hashtext('seed ' || %s))", (table.name,))
        cursor.execute("select dataset, as_of from seed_state where table_name = %s", (table.name,))
        if _is_older(cursor.fetchone(), run, path):
            return load
        rejected = postgres.merge_file(source, table, path, load)
        cursor.execute(
            "insert into seed_state values (%s, %s, %s) on conflict (table_name)"
            " do update set dataset = excluded.dataset, as_of = excluded.as_of",
            (table.name, run.dataset, run.batch.as_of),
        )
        _write_log(warehouse, load, path, rejected, run)
    return load


def seed_collection(database: Database, warehouse: Connection, collection: MongoCollection, run: Run) -> Load:
    """Merge the run's JSON file into the collection of the source.

    Raises InputError for a file that cannot be used, or with too many rows to reject; then nothing was
    changed, and the reasons are in quarantine.
    """
    load = Load("seed", collection.name, datetime.now(UTC))
    path = Path(run.folder) / collection.file
    state = database[SEED_STATE]
    seeded = state.find_one({"_id": collection.name})
    newest = (seeded["dataset"], date.fromisoformat(seeded["as_of"])) if seeded else None
    if _is_older(newest, run, path):
        return load
    with announced(f"{path.name} to be compared with its collection"):
        rejected, writes = mongo.merge_documents(database, collection, path, load)
    with transaction(warehouse):
        _write_log(warehouse, load, path, rejected, run)
    new_state = {"dataset": run.dataset, "as_of": run.batch.as_of.isoformat()}
    state.replace_one({"_id": collection.name}, new_state, upsert=True)
    if refused := mongo.write(database, collection, writes):
        count_refused(load, refused)
        rejected += [one.rejected for one in refused]
        log_again(warehouse, load, path.name, rejected, run.batch)
    return load


def _is_older(newest: tuple[str, date] | None, run: Run, path: Path) -> bool:
    """Tell whether the source already has a newer day of the run's data set."""
    if run.dataset == OWN_FILES or newest is None or newest[0] != run.dataset or newest[1] <= run.batch.as_of:
        return False
    log.warning(
        "%s is of %s, the source already holds %s: nothing to do", path.name, run.batch.as_of, newest[1]
    )
    return True


def _write_log(warehouse: Connection, load: Load, path: Path, rejected: list[Rejected], run: Run) -> None:
    """Store the rejected rows and the load; raise InputError when too many rows were rejected."""
    store_rejected(warehouse, load, path.name, rejected, run.batch)
    try:
        _refuse_unloadable(path, load, rejected)
        refuse_mass_rejection(str(path), load.read, rejected, run.limits)
    except InputError:
        # The rejected rows stay in quarantine although the load fails.
        warehouse.commit()
        raise
    record_load(warehouse, load, run.batch)


def _refuse_unloadable(path: Path, load: Load, rejected: list[Rejected]) -> None:
    """Raise InputError when no row could be loaded: then the file is probably the wrong one."""
    if load.read > load.quarantined:
        return
    if not rejected:
        raise InputError(f"{path}: the file has no data. Its table was left as it is")
    first = rejected[0]
    what = f"{first.column} {quoted(first.value)} {first.reason}" if first.column else first.reason
    raise InputError(
        f"{path}: none of its {load.read} rows can be loaded; first, at {first.position}: {what}. "
        "The table was left as it is; all rows and reasons are in quarantine.rejected_rows: make quarantine"
    )
