"""Publish the next star, or the previous one again, by renaming schemas in one transaction.

Data flow: dbt builds and tests trusted_next -> publish: trusted_next becomes trusted, trusted becomes
trusted_previous, and trusted_previous becomes trusted_next. Rollback: trusted and trusted_previous change
places.

The swap first locks all tables of trusted (star_lock.py), which waits for every transaction that has read one
of them. So no transaction reads two versions.
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
from include.publish.schema_marker import (
    NEXT,
    PREVIOUS,
    TRUSTED,
    is_tested_star_of,
    read_marker,
    write_marker,
)
from include.publish.star_lock import current_readers, lock_out_readers
from include.run import Batch
from include.transaction import transaction

log = logging.getLogger(__name__)

SPARE = "trusted_spare"
# Readers that had to wait during an attempt are served in the pause after it.
ATTEMPTS = 10
PAUSE_SECONDS = 3.0
# dbt closes its connections between nodes, so only after so long without one is dbt taken to have ended.
DBT_SILENT_SECONDS = 2.0
DBT_IS_CONNECTED = """
select exists (
    select 1 from pg_stat_activity
    where datname = current_database() and usename = current_user and application_name = 'dbt'
)
"""
# Rights on tables move with their tables, but the right to use a schema moves with the renamed schema.
LET_READERS_IN = """
revoke usage on schema trusted_next, trusted_previous from bi_reader;
grant usage on schema trusted to bi_reader;
grant select on all tables in schema trusted to bi_reader
"""
# Counts that marts share are no numbers for readers (dbt/README.md): Power BI does not list them.
SHARED_COUNTS = "tot_"


@dataclass(frozen=True)
class Swap:
    """How readers get another star: `star` is its schema, `renames` are (old, new) names in order."""

    action: str
    star: str
    renames: tuple[tuple[str, str], ...]


PUBLISH = Swap("publish", NEXT, ((PREVIOUS, SPARE), (TRUSTED, PREVIOUS), (NEXT, TRUSTED), (SPARE, NEXT)))
ROLLBACK = Swap("rollback", PREVIOUS, ((TRUSTED, SPARE), (PREVIOUS, TRUSTED), (SPARE, PREVIOUS)))


def publish(warehouse: Connection, batch: Batch, unchanged: Publication | None = None) -> Publication:
    """Publish the star that the batch built; return its publication, also when it was published before.

    `unchanged` is what readers see and keep when the batch had nothing to build. `warehouse` is a connection
    as dbt_transformer. Raises PublicationError when trusted_next does not hold the batch's tested star,
    StarInUseError when readers hold locks on trusted. Both leave trusted unchanged.
    """
    with transaction(warehouse) as cursor:
        marker = read_marker(cursor, NEXT)
        if not is_tested_star_of(batch, marker):
            return _published_before(cursor, batch, marker, unchanged)
        if parts := foreign_parts(cursor, NEXT):
            raise PublicationError(
                f"The next star is not whole in itself: {', '.join(parts)}. Make it read its own tables"
            )
    return _swap_when_unused(warehouse, PUBLISH, marker, as_of=batch.as_of.isoformat())


def rollback(warehouse: Connection) -> Publication:
    """Publish the previous version again and keep the present one as previous; return the publication.

    Raises PublicationError when there is no previous version, or while dbt builds a star, which would replace
    it soon; StarInUseError as `publish` does.
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
    return _swap_when_unused(warehouse, ROLLBACK, marker)


def _published_before(
    cursor: Cursor, batch: Batch, marker: dict[str, object], unchanged: Publication | None
) -> Publication:
    """Return the batch's publication or the unchanged one; raise PublicationError when there is neither."""
    now = current_publication(cursor)
    if done := publication_of_batch(cursor, batch.batch_id):
        log.info("Run %s published %s already; readers see %s", batch.batch_id, done, now)
        return done
    if unchanged:
        log.info("Run %s had nothing to build: readers keep %s", batch.batch_id, unchanged)
        return unchanged
    state, builder = marker.get("state"), marker.get("batch_id") or "by hand"
    holds = f"a star in the state {state!r} of run {builder!r}" if marker else "none"
    raise PublicationError(
        f"trusted_next does not hold a tested star of run {batch.batch_id!r} but {holds}. Readers still see"
        f" {now or 'what they saw'}. Clear transform_with_dbt of this run as well, or trigger a new run"
    )


def _swap_when_unused(
    warehouse: Connection, swap: Swap, marker: dict[str, object], **facts: object
) -> Publication:
    """Swap the schemas once no reader holds a lock; `facts` are added to the star's marker.

    Raises PublicationError when the star is marked anew meanwhile, StarInUseError after the last attempt.
    """
    with transaction(warehouse) as cursor:
        started, contents = _clock(cursor), contents_of(cursor, swap.star)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction(warehouse) as cursor:
                lock_out_readers(cursor)
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
    raise StarInUseError(_in_use(warehouse))


def _clock(cursor: Cursor) -> float:
    """Return the server's clock in epoch seconds."""
    cursor.execute("select extract(epoch from clock_timestamp())::float8")
    return cursor.fetchone()[0]


def _swap_names(
    cursor: Cursor, swap: Swap, marker: dict[str, object], contents: Contents, started: float
) -> Publication:
    """Rename the schemas, move the readers' rights, and record it; a rollback keeps the star's version."""
    marker = {"version": next_version(cursor), **marker, "state": "published"}
    if tables_in(cursor, TRUSTED) and "version" not in (before := read_marker(cursor, TRUSTED)):
        # This star was published before versions existed.
        write_marker(cursor, TRUSTED, before | {"version": 0, "state": "published"})
    for old, new in swap.renames:
        cursor.execute(SQL("alter schema {} rename to {}").format(Identifier(old), Identifier(new)))
    _let_readers_in(cursor)
    write_marker(cursor, TRUSTED, marker)
    return record_publication(cursor, swap.action, marker, contents, started)


def _let_readers_in(cursor: Cursor) -> None:
    cursor.execute(LET_READERS_IN)
    for table in tables_in(cursor, TRUSTED):
        if table.startswith(SHARED_COUNTS):
            cursor.execute(SQL("revoke select on {} from bi_reader").format(Identifier(TRUSTED, table)))


def _is_being_built(warehouse: Connection) -> bool:
    """Tell whether trusted_next is marked as building and dbt shows a session within DBT_SILENT_SECONDS."""
    deadline = time.monotonic() + DBT_SILENT_SECONDS
    while time.monotonic() < deadline:
        # One transaction for each look: pg_stat_activity does not change within a transaction.
        with transaction(warehouse) as cursor:
            if read_marker(cursor, NEXT).get("state") != "building":
                return False
            cursor.execute(DBT_IS_CONNECTED)
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.05)
    return False


def _in_use(warehouse: Connection) -> str:
    """Return the message of StarInUseError: who holds locks, what readers see, what to do."""
    with transaction(warehouse) as cursor:
        who = ", ".join(current_readers(cursor)) or "nobody any more"
        now = current_publication(cursor)
    return (
        f"trusted was in use at each of {ATTEMPTS} attempts, at the last one by {who}. Readers still see"
        f" {now or 'what they saw'}. Try again when the long query has ended, or end it as the administrator:"
        " select pg_terminate_backend(pid)"
    )
