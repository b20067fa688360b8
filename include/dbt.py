"""The dbt command line, and what its run_results.json says."""

import hashlib
import json
import logging
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from include.environment import ROOT

log = logging.getLogger(__name__)

GOOD = {"success", "pass", "no-op", "reused"}
# dbt repeats variables with this prefix in run_results.json: so a result tells which run it is of.
BATCH_VARIABLE = "DBT_ENV_CUSTOM_ENV_BATCH_ID"
# dbt writes it into the star's marker after a full refresh.
CODE_VARIABLE = "DBT_ENV_CUSTOM_ENV_CODE"
FULL_REFRESH = "--full-refresh"
# What in the project's folder decides what the rows of the star are.
CODE_SUFFIXES = {".sql", ".yml"}
# What Python is to run. dbt ends soon: looking for garbage is 8 % of a day without changes, for 60 MB less.
DBT = ("-P", "-c", "import gc; gc.disable(); from dbt.cli.main import cli; cli()", "--no-use-colors")
# Not the unit tests: they judge the models by rows of their own, whatever the day brought (`make test`).
# Nor dbt.log, which would repeat the task's log. What was run is in the target folder.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--log-level-file", "none")


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


def code_checksum(project: Path = ROOT / "dbt") -> str:
    """Return a hash of the project: its models, snapshots, macros and configuration, without its tests."""
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(file for file in project.rglob("*") if _is_code(file.relative_to(project))):
        digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def needs_full_refresh(marker: Mapping[str, object]) -> bool:
    """Tell whether the star with this marker was built from nothing by other code, or never was."""
    return marker.get("code") != code_checksum()


def project_options() -> list[str]:
    """Return the options that tell dbt where the project and its profile are."""
    project = str(ROOT / "dbt")
    return ["--project-dir", project, "--profiles-dir", project]


def build_command() -> str:
    """Return the shell command of `dbt build`; it reads its connection from the environment."""
    line = shlex.join([*DBT, *BUILD, *project_options()])
    # A task's standard input is Airflow's socket, and PYTHONPATH would hide dbt's package behind our folder.
    python = 'env -u PYTHONPATH -u PYTHONDONTWRITEBYTECODE "${DBT_PYTHON:-python}"'
    return f"exec </dev/null\nset -euo pipefail\nexec {python} {line}"


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
        execute_values(
            cursor,
            "insert into ops.dbt_runs (invocation_id, unique_id, status, seconds, rows_affected, failures,"
            " message, generated_at, resource_type, batch_id) values %s on conflict do nothing",
            rows,
        )


def log_results(results: list[NodeResult]) -> None:
    """Log one line for each node that did not pass, and one with the totals."""
    bad = [result for result in results if result.status not in GOOD]
    for result in bad:
        level = logging.WARNING if result.status in {"warn", "skipped"} else logging.ERROR
        log.log(level, "dbt %s %s: %s %s", result.resource_type, result.name, result.status, result.detail)
    log.info("dbt: %d nodes, %d of them not good", len(results), len(bad))


def _is_code(path: Path) -> bool:
    return path.suffix in CODE_SUFFIXES and path.parts[0] != "tests" and "__unit_tests" not in path.name


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
