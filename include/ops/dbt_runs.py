"""The table ops.dbt_runs: what became of every node of a dbt run, read from its run_results.json."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

log = logging.getLogger(__name__)

GOOD = {"success", "pass", "no-op", "reused"}
# dbt's file, and the folder of those of earlier attempts of a batch, below the target folder.
RESULTS, ATTEMPTS = "run_results.json", "attempts"
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
        return name_of(self.unique_id)

    @property
    def detail(self) -> str:
        """What a person needs to know: how many rows break a test's rule, else dbt's own words."""
        if self.resource_type == "test" and self.failures:
            return f"({self.failures:,} failing rows)"
        return self.message or ""

    @property
    def state(self) -> str:
        """The state of a task that stands for it: success, skipped, or failed."""
        if self.status in GOOD | {"warn"}:
            return "success"
        return "skipped" if self.status == "skipped" else "failed"

    @property
    def figures(self) -> str:
        """Seconds, rows and dbt's words, as `2.31 s, 5,000 rows, INSERT 0 5000`; first how it is not good."""
        # A view has -1 rows, and a test the row of its own query.
        counts = self.resource_type != "test" and (self.rows_affected or -1) >= 0
        rows = [f"{self.rows_affected:,} rows"] if counts else []
        status = [] if self.status in GOOD else [self.status]
        return ", ".join([*status, f"{self.seconds:.2f} s", *rows, *filter(None, [self.detail])])


@dataclass(frozen=True)
class Attempt:
    """One dbt run: what it was told by DBT_ENV_CUSTOM_ENV_… variables, and what became of its nodes."""

    invocation_id: str
    told: Mapping[str, str]
    results: list[NodeResult]

    @property
    def is_whole(self) -> bool:
        """Whether the run came to its end, so that every node has a result; a stopped one leaves out some."""
        return any("on-run-end" in result.unique_id for result in self.results)


def name_of(unique_id: str) -> str:
    """Return the name of a node: model.video_streaming.dim_users is dim_users."""
    # A generic test ends with a hash, test.video_streaming.not_null_dim_users_age.0a1b2c, and a unit test
    # with its own name, unit_test.video_streaming.dim_users.first_version_is_opened_back.
    return unique_id.split(".")[3 if unique_id.startswith("unit_test.") else 2]


def read_results(target: Path, batch_id: str) -> list[NodeResult]:
    """Return the last result of each node in the batch; nothing when dbt did not get so far in it.

    A second attempt runs only what was not good: the results of the first were put aside before
    (include/second_attempt.py).
    """
    attempts = [read_attempt(path) for path in (*(target / ATTEMPTS).glob("*"), target)]
    ours = [attempt for attempt in attempts if attempt and attempt.told.get("BATCH_ID") == batch_id]
    # A moment is text like 2024-09-01T06:00:00.123456Z.
    ours.sort(key=lambda attempt: max((result.generated_at for result in attempt.results), default=""))
    return list({result.unique_id: result for attempt in ours for result in attempt.results}.values())


def read_attempt(folder: Path) -> Attempt | None:
    """Return the dbt run whose run_results.json is in the folder; None where none can be read."""
    path = folder / RESULTS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        # dbt was killed while it wrote; the report of the run must not fail for it.
        log.warning("%s cannot be read, dbt was probably killed: %s", path, error)
        return None
    metadata = content["metadata"]
    results = [_node_result(metadata, result) for result in content["results"]]
    return Attempt(metadata["invocation_id"], metadata["env"], results)


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
