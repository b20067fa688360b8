"""Give readers the next star, or the previous one again, by renaming schemas in one transaction.

Data flow: dbt builds and tests trusted_next -> publish: trusted_next becomes trusted, trusted becomes
trusted_previous, and that becomes the next trusted_next. Rollback: trusted and trusted_previous change
places.

The swap locks all tables of trusted first. So it waits for every transaction that has read one, and no
transaction sees two versions. It never waits for long: a reader queues behind a waiting lock.
"""

import logging
import time
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from include.errors import PublicationError, StarInUseError
from include.ops.publications import (
    Contents,
    Publication,
    current_publication,
    next_version,
    publication_of_batch,
    record_publication,
)
from include.publish.contents import contents_of, foreign_parts, tables_in
from include.publish.schema_marker import NEXT, PREVIOUS, TRUSTED, read_marker, write_marker
from include.run import Batch
from include.transaction import transaction

log = logging.getLogger(__name__)

READER = "bi_reader"
SPARE = "trusted_spare"
# A reader that comes meanwhile waits for so long, and is let through in the pause. It is longer than the
# server's deadlock_timeout, after which it ends an autovacuum that is in the way.
LOCK_SECONDS = 1.5
ATTEMPTS = 10
PAUSE_SECONDS = 3.0
# dbt closes its connections between nodes: it is gone when none was seen for so long.
DBT_SILENT_SECONDS = 2.0


@dataclass(frozen=True)
class Swap:
    """A way to change what readers see: whose star they get, and which schema takes which name, in order."""

    action: str
    star: str
    renames: tuple[tuple[str, str], ...]


PUBLISH = Swap("publish", NEXT, ((PREVIOUS, SPARE), (TRUSTED, PREVIOUS), (NEXT, TRUSTED), (SPARE, NEXT)))
ROLLBACK = Swap("rollback", PREVIOUS, ((TRUSTED, SPARE), (PREVIOUS, TRUSTED), (SPARE, PREVIOUS)))


def publish(warehouse: Connection, batch: Batch) -> Publication:
    """Publish the star that the batch built; return its publication, an earlier one when it is published.

    `warehouse` is a connection as dbt_transformer. Raises PublicationError when trusted_next does not hold
    the batch's tested star, StarInUseError when readers did not let go of trusted; both leave it as it was.
    """
    with transaction(warehouse) as cursor:
        marker = read_marker(cursor, NEXT)
        if marker.get("state") != "tested" or marker.get("batch_id") != batch.batch_id:
            return _published_before(cursor, batch, marker)
        if parts := foreign_parts(cursor, NEXT):
            raise PublicationError(
                f"The next star is not whole in itself: {', '.join(parts)}. Make it read its own tables"
            )
    return _give_readers(warehouse, PUBLISH, marker, as_of=batch.as_of.isoformat())


def rollback(warehouse: Connection) -> Publication:
    """Give readers the previous version again, and keep the present one as the previous; return it.

    Raises PublicationError when there is none, or when dbt builds a star that would replace it at once.
    """
    with transaction(warehouse) as cursor:
        marker = read_marker(cursor, PREVIOUS)
        if not tables_in(cursor, PREVIOUS) or "version" not in marker:
            raise PublicationError("There is no previous version: trusted_previous holds no published star")
    if _is_being_built(warehouse):
        raise PublicationError(
            "dbt is building the next star, which would be published over this rollback. Let the run end, or"
            " stop it first (mark it as failed in Airflow)"
        )
    return _give_readers(warehouse, ROLLBACK, marker)


def _published_before(cursor: Cursor, batch: Batch, marker: dict[str, object]) -> Publication:
    now = current_publication(cursor)
    if done := publication_of_batch(cursor, batch.batch_id):
        log.info("Run %s published %s already; readers see %s", batch.batch_id, done, now)
        return done
    state, builder = marker.get("state"), marker.get("batch_id") or "by hand"
    holds = f"a star in the state {state!r} of run {builder!r}" if marker else "none"
    raise PublicationError(
        f"trusted_next does not hold a tested star of run {batch.batch_id!r} but {holds}. Readers still see"
        f" {now or 'what they saw'}. Clear transform_with_dbt of this run as well, or trigger a new run"
    )


def _give_readers(
    warehouse: Connection, swap: Swap, marker: dict[str, object], **facts: object
) -> Publication:
    with transaction(warehouse) as cursor:
        started, contents = _clock(cursor), contents_of(cursor, swap.star)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction(warehouse) as cursor:
                _lock_out_readers(cursor)
                if read_marker(cursor, swap.star) != marker:
                    raise PublicationError(
                        f"{swap.star} was changed meanwhile: look what it holds and try again"
                    )
                done = _swap_names(cursor, swap, marker | facts, contents, started)
        except psycopg2.errors.LockNotAvailable:
            log.info("Attempt %d of %d: trusted is in use", attempt, ATTEMPTS)
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS)
        else:
            log.info("%s: readers see %s, in %.1f s, %s", done.action, done, done.seconds, done.row_counts)
            return done
    raise StarInUseError(_who_reads(warehouse))


def _clock(cursor: Cursor) -> float:
    cursor.execute("select extract(epoch from clock_timestamp())::float8")
    return cursor.fetchone()[0]


def _lock_out_readers(cursor: Cursor) -> None:
    """Lock every table that readers see, or raise LockNotAvailable after LOCK_SECONDS.

    It waits for one table while it holds none, and takes the others only if they are free. Readers hold some
    tables and ask for others, in any order: to wait for one with others in hand would be a deadlock, and the
    server might end the reader.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    _limit_waiting(cursor, deadline)
    # dbt takes it too when it marks a star: nobody begins to build while schemas change their names.
    cursor.execute("select pg_advisory_xact_lock(hashtext('star'))")
    names = tables_in(cursor, TRUSTED)
    busy = names[-1] if names else None
    while busy:
        if time.monotonic() > deadline:
            raise psycopg2.errors.LockNotAvailable(f"{busy} is busy again and again")
        cursor.execute("savepoint unlocked")
        _limit_waiting(cursor, deadline)
        _lock(cursor, busy)
        busy = _lock_the_free(cursor, names)
        if busy:
            cursor.execute("rollback to savepoint unlocked")


def _lock_the_free(cursor: Cursor, names: list[str]) -> str | None:
    """Lock the tables without waiting; return the first that is busy."""
    for name in names:
        cursor.execute("savepoint free")
        try:
            _lock(cursor, name, " nowait")
        except psycopg2.errors.LockNotAvailable:
            cursor.execute("rollback to savepoint free")
            return name
    return None


def _lock(cursor: Cursor, table: str, how: str = "") -> None:
    statement = SQL("lock table {} in access exclusive mode" + how)
    cursor.execute(statement.format(Identifier(TRUSTED, table)))


def _limit_waiting(cursor: Cursor, deadline: float) -> None:
    # Zero would mean no limit.
    left = max(1, round(1000 * (deadline - time.monotonic())))
    cursor.execute("select set_config('lock_timeout', %s, true)", (f"{left}ms",))


def _swap_names(
    cursor: Cursor, swap: Swap, marker: dict[str, object], contents: Contents, started: float
) -> Publication:
    marker = {"version": next_version(cursor), **marker, "state": "published"}
    if tables_in(cursor, TRUSTED) and "version" not in (before := read_marker(cursor, TRUSTED)):
        # Published before there were versions.
        write_marker(cursor, TRUSTED, before | {"version": 0, "state": "published"})
    for old, new in swap.renames:
        cursor.execute(SQL("alter schema {} rename to {}").format(Identifier(old), Identifier(new)))
    _let_readers_in(cursor)
    write_marker(cursor, TRUSTED, marker)
    return record_publication(cursor, swap.action, marker, contents, started)


def _let_readers_in(cursor: Cursor) -> None:
    # The right to enter went along with the renamed schemas.
    trusted, others = Identifier(TRUSTED), SQL(", ").join(map(Identifier, (NEXT, PREVIOUS)))
    cursor.execute(
        SQL(
            "revoke usage on schema {others} from {reader}; grant usage on schema {trusted} to {reader};"
            " grant select on all tables in schema {trusted} to {reader}"
        ).format(others=others, trusted=trusted, reader=Identifier(READER))
    )


def _is_being_built(warehouse: Connection) -> bool:
    deadline = time.monotonic() + DBT_SILENT_SECONDS
    while time.monotonic() < deadline:
        # A transaction each: within one the server shows the same sessions all the time.
        with transaction(warehouse) as cursor:
            if read_marker(cursor, NEXT).get("state") != "building":
                return False
            cursor.execute(
                "select exists (select from pg_stat_activity where datname = current_database()"
                " and usename = current_user and application_name = 'dbt')"
            )
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.05)
    return False


def _who_reads(warehouse: Connection) -> str:
    with transaction(warehouse) as cursor:
        cursor.execute(
            "select distinct format('%s (%s, pid %s)', usename, application_name, pid)"
            " from pg_locks inner join pg_class on pg_class.oid = relation"
            " inner join pg_stat_activity using (pid)"
            " where relnamespace = to_regnamespace('trusted') and granted and pid <> pg_backend_pid()"
        )
        readers = [text for (text,) in cursor.fetchall()]
        now = current_publication(cursor)
    who = ", ".join(readers) or "nobody any more"
    return (
        f"trusted was in use at each of {ATTEMPTS} attempts, at the last one by {who}. Readers still see"
        f" {now or 'what they saw'}. Try again when the long query has ended, or end it as the administrator:"
        " select pg_terminate_backend(pid)"
    )
