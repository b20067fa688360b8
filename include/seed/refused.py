"""Documents that MongoDB refused to write although they passed every check: counted as rejected after all.

The load is logged before the write, so that no write is without a log entry. When the task is killed between
the write and the correction, its retry is refused the same documents, and logs them as what they are.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from psycopg2.extensions import connection as Connection

from include.ops.load_runs import Load
from include.ops.quarantine import store_rejected
from include.rules.rejected import Rejected
from include.run import Batch
from include.transaction import transaction

log = logging.getLogger(__name__)

CORRECT = """
update ops.load_runs set
    rows_inserted = %(inserted)s, rows_updated = %(updated)s, rows_quarantined = %(quarantined)s
where load_run_id = (
    select max(load_run_id) from ops.load_runs
    where (batch_id, stage, table_name) = (%(batch_id)s, %(stage)s, %(table)s)
)
"""


class Refused(NamedTuple):
    """A document that MongoDB refused to write, and whether it would have been new."""

    rejected: Rejected
    is_new: bool


def count_refused(load: Load, refused: Sequence[Refused]) -> None:
    """Move the documents from those written to those in quarantine."""
    new = sum(one.is_new for one in refused)
    load.inserted -= new
    load.updated -= len(refused) - new
    load.quarantined += len(refused)


def log_again(
    warehouse: Connection, load: Load, source_name: str, rejected: Sequence[Rejected], batch: Batch
) -> None:
    """Store all rejected documents of the load, and correct its numbers in ops.load_runs."""
    with transaction(warehouse) as cursor:
        store_rejected(warehouse, load, source_name, rejected, batch)
        cursor.execute(CORRECT, {**vars(batch), **vars(load)})
    log.warning("%s: MongoDB refused documents; now %s are in quarantine", source_name, load.quarantined)
