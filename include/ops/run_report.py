"""The totals of a run, read from ops, for the task log, XCom and the summary of `make demo`."""

import logging
from pathlib import Path

from psycopg2.extensions import connection as Connection

from include.ops.dbt_runs import GOOD, log_results, read_results, record_results
from include.ops.publications import current_publication
from include.run import Batch

log = logging.getLogger(__name__)

TOTALS = """
select
    coalesce(sum(rows_read), 0)::bigint as rows_read,
    coalesce(sum(rows_loaded), 0)::bigint as rows_loaded,
    coalesce(sum(rows_deleted), 0)::bigint as rows_deleted,
    coalesce(sum(rows_quarantined), 0)::bigint as rows_quarantined
from ops.load_runs
where batch_id = %s and stage = 'extract'
"""


def record_and_total(warehouse: Connection, batch: Batch, dbt_target: Path) -> dict[str, object]:
    """Record dbt's results and return the run's totals."""
    results = read_results(dbt_target, batch.batch_id)
    if results:
        record_results(warehouse, results, batch.batch_id)
        log_results(results)
    totals = _totals(warehouse, batch.batch_id) | {"trusted_version": _version(warehouse)}
    log.info("Run %s as of %s: %s", batch.batch_id, batch.as_of, totals)
    not_good = sum(result.status not in GOOD for result in results)
    return {"as_of": batch.as_of.isoformat(), **totals, "dbt_nodes": len(results), "dbt_not_good": not_good}


def _version(warehouse: Connection) -> int | None:
    """Return the version of the star that readers see; None before the first publication."""
    with warehouse, warehouse.cursor() as cursor:
        now = current_publication(cursor)
    log.info("Readers see %s", now or "no published star yet")
    return now and now.version


def _totals(warehouse: Connection, batch_id: str) -> dict[str, int]:
    """Return how many rows the extractions of the run read, loaded, marked as deleted and rejected."""
    with warehouse, warehouse.cursor() as cursor:
        cursor.execute(TOTALS, (batch_id,))
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))
