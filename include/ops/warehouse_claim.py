"""Who works on the warehouse: one run at a time, whichever Airflow it is of.

ops.warehouse_claim names the run. Its tasks are processes of their own, with pauses between them, so the row
says until when the run is waited for without one; while a task is at work, its session holds a lock. The lock
goes with the session, however the task ends. So a run that was killed is not waited for long, and one whose
task takes hours is not overtaken.

Example: run A claims, and keeps the warehouse for GAP. Its task holds the lock for two hours: run B waits.
A's machine is lost: the session ends, and GAP after A's last sign of life B takes over.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.errors import WarehouseInUseError
from include.transaction import transaction

# Longer than what lies between two tries of a task: five minutes, and the time to notice a dead worker.
GAP = timedelta(minutes=10)
# Held by each task that is at work; only who takes over asks for it alone.
LOCK = "hashtext('work on the warehouse')"
FOUND = f"""
select airflow, run_id, host, claimed_at, kept_until, kept_until > clock_timestamp(), not is_free
from (select pg_try_advisory_xact_lock({LOCK}) as is_free) as work
left join ops.warehouse_claim on true
"""
CLAIM = """
insert into ops.warehouse_claim (airflow, run_id, host, kept_until)
values (%(airflow)s, %(run_id)s, %(host)s, clock_timestamp() + %(kept)s)
on conflict (only_row) do update set
    claimed_at = case
        when (warehouse_claim.airflow, warehouse_claim.run_id) = (excluded.airflow, excluded.run_id)
            then warehouse_claim.claimed_at
        else clock_timestamp()
    end,
    airflow = excluded.airflow, run_id = excluded.run_id, host = excluded.host,
    kept_until = excluded.kept_until
"""
KEEP = """
update ops.warehouse_claim set kept_until = clock_timestamp() + %(kept)s
where airflow = %(airflow)s and run_id = %(run_id)s
"""
RELEASE = "delete from ops.warehouse_claim where airflow = %(airflow)s and run_id = %(run_id)s"


@dataclass(frozen=True)
class Claimant:
    """A run of an Airflow, or a command; `host` is where its task is at work, for people."""

    airflow: str
    run_id: str
    host: str


@dataclass(frozen=True)
class Claim:
    """Who has the warehouse; without a run: nobody, but for a task that outlived its run, if one is at work.

    `is_kept`: the time until which the run is waited for is not over; `is_at_work`: a task holds the lock.
    """

    airflow: str | None
    run_id: str | None
    host: str | None
    claimed_at: datetime | None
    kept_until: datetime | None
    is_kept: bool | None
    is_at_work: bool

    def is_of(self, claimant: Claimant) -> bool:
        """Tell whether the claimant has the warehouse."""
        return (self.airflow, self.run_id) == (claimant.airflow, claimant.run_id)


def found_claim(cursor: Cursor) -> Claim:
    """Return who has the warehouse, in the caller's transaction, in which nobody else can claim it."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('ops.warehouse_claim'))")
    cursor.execute(FOUND)
    return Claim(*cursor.fetchone())


def claim(cursor: Cursor, claimant: Claimant, is_over: Callable[[str], bool], kept: timedelta = GAP) -> None:
    """Take the warehouse, or keep it. Raises WarehouseInUseError, which names who has it.

    `is_over` tells of a run of the claimant's own Airflow whether it has ended; of a run of another one only
    its time tells.
    """
    held = found_claim(cursor)
    if not held.is_of(claimant):
        is_alive = not is_over(held.run_id) if held.airflow == claimant.airflow else held.is_kept
        if held.is_at_work or is_alive:
            raise WarehouseInUseError(_in_use(held))
    cursor.execute(CLAIM, {**vars(claimant), "kept": kept})


def release(cursor: Cursor, claimant: Claimant) -> None:
    """Give the warehouse back, if the claimant has it."""
    cursor.execute(RELEASE, vars(claimant))


@contextmanager
def at_work(
    warehouse: Connection, claimant: Claimant, is_over: Callable[[str], bool], kept: timedelta = GAP
) -> Iterator[None]:
    """Work on the warehouse during the block, and keep it for so long after it.

    `warehouse` is a connection as elt_loader, for nothing else. Raises WarehouseInUseError as `claim` does.
    """
    with transaction(warehouse) as cursor:
        claim(cursor, claimant, is_over, kept)
        # Of the session: it outlives the transaction, in which nobody else can look.
        cursor.execute(f"select pg_advisory_lock_shared({LOCK})")
    try:
        yield
    except BaseException:
        # What happened there is told, not that the warehouse was lost with it.
        with suppress(psycopg2.Error):
            _rest(warehouse, claimant, kept)
        raise
    _rest(warehouse, claimant, kept)


def _rest(warehouse: Connection, claimant: Claimant, kept: timedelta) -> None:
    """End a task's work; its run keeps the warehouse for so long."""
    with transaction(warehouse) as cursor:
        cursor.execute(KEEP, {**vars(claimant), "kept": kept})
        cursor.execute(f"select pg_advisory_unlock_shared({LOCK})")


def _in_use(held: Claim) -> str:
    """Return the sentence that names who has the warehouse, and since when."""
    if held.run_id is None:
        return "A task of a run that has ended is still at work on the warehouse"
    since = f"{held.claimed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    until = f"{held.kept_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    what = "a task of it is at work now" if held.is_at_work else f"it is waited for until {until}"
    return f"{held.run_id} on {held.host} has worked on the warehouse since {since}, and {what}"
