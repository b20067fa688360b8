"""What a load counted, and what it left behind."""

from include.ops.load_runs import Load
from tests.integration.helpers.pipeline import Pipeline

Rows = dict[object, dict]
# Asked of the server on which a load waits for another one of the same table.
WAITING_FOR_A_LOCK = """
select 1 from pg_locks
where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())
"""


def counts(load: Load) -> dict[str, int]:
    """Return the load's numbers but for those that are 0."""
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def live(rows: Rows) -> Rows:
    """Return the rows of raw that are not marked as deleted."""
    return {key: row for key, row in rows.items() if row["_deleted_at"] is None}


def column(rows: Rows, name: str) -> dict[object, object]:
    return {key: row[name] for key, row in rows.items()}


def rejections(pipeline: Pipeline) -> list[tuple]:
    """Return where each row in quarantine stood and what is wrong with it."""
    return [(r["position"], r["column_name"], r["value"], r["reason"]) for r in pipeline.quarantine()]
