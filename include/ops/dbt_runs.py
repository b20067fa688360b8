"""The table ops.dbt_runs: what became of every node of a dbt run, read from its run_results.json."""

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

log = logging.getLogger(__name__)

GOOD = {"success", "pass", "no-op", "reused"}
RECORD = """
insert into ops.dbt_runs (
    invocation_id, unique_id, status, seconds, rows_affected, failures, message, generated_at,
    resource_type, batch_id
) values %s on conflict do nothing
"""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, snapshot or test."""

    invocation_id: str
    unique_id: str
    status: str
    seconds: float
    rows_affected: int | None
    failures: int | None
    message: str | None
    generated_at: str

    @property
    def resource_type(self) -> str:
        return self.unique_id.partition(".")[0]

    @property
    def name(self) -> str:
        # A generic test ends with a hash, test.video_streaming.not_null_dim_users_age.0a1b2c, and a unit test
        # with its own name, unit_test.video_streaming.dim_users.first_version_is_opened_back.
        return self.unique_id.split(".")[3 if self.resource_type == "unit_test" else 2]

    @property
    def detail(self) -> str:
        """What a person needs to know: how many rows break a test's rule, else dbt's own words."""
        if self.resource_type == "test" and self.failures:
            return f"({self.failures:,} failing rows)"
        return self.message or ""


def read_results(target: Path, batch_id: str) -> list[NodeResult]:
    """Return the results of the batch's last dbt run; nothing when dbt did not get so far in this batch."""
    path = target / "run_results.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        # dbt was killed while it wrote; the report of the run must not fail for it.
        log.warning("%s cannot be read, dbt was probably killed: %s", path, error)
        return []
    metadata = content["metadata"]
    if metadata["env"].get("BATCH_ID") != batch_id:
        return []
    return [_node_result(metadata, result) for result in content["results"]]


def record_results(warehouse: Connection, results: list[NodeResult], batch_id: str) -> None:
    """Write the results into ops.dbt_runs; the same invocation twice is written once."""
    rows = [(*vars(result).values(), result.resource_type, batch_id) for result in results]
    with warehouse, warehouse.cursor() as cursor:
        execute_values(cursor, RECORD, rows)


def log_results(results: list[NodeResult]) -> None:
    """Log one line for each node that did not pass, and one with the totals."""
    bad = [result for result in results if result.status not in GOOD]
    for result in bad:
        level = logging.WARNING if result.status in {"warn", "skipped"} else logging.ERROR
        log.log(level, "dbt %s %s: %s %s", result.resource_type, result.name, result.status, result.detail)
    log.info("dbt: %d nodes, %d of them not good", len(results), len(bad))


def _node_result(metadata: dict, result: dict) -> NodeResult:
    return NodeResult(
        invocation_id=metadata["invocation_id"],
        unique_id=result["unique_id"],
        status=result["status"],
        seconds=round(result["execution_time"], 3),
        rows_affected=(result.get("adapter_response") or {}).get("rows_affected"),
        failures=result.get("failures"),
        message=_without_rows(result.get("message")),
        generated_at=metadata["generated_at"],
    )


def _without_rows(message: str | None) -> str | None:
    """Leave out the row that PostgreSQL shows of a broken constraint: it may be a person's."""
    return message and re.sub(r"(?m)^\s*DETAIL:\s+Failing row contains.*\n?", "", message)
