"""The dbt command line, and what its run_results.json says."""

import hashlib
import json
import logging
import os
import re
import shlex
import subprocess
import sys
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
# dbt's own hash of a model leaves out the macros that it calls, and the variables.
MACROS_VARIABLE = "DBT_ENV_CUSTOM_ENV_MACROS"
# What Python is to run. dbt ends soon: looking for garbage is 8 % of a day without changes, for 60 MB less.
DBT = ("-P", "-c", "import gc; gc.disable(); from dbt.cli.main import cli; cli()", "--no-use-colors")
# Not the unit tests: they judge the models by rows of their own, whatever the day brought (`make test`).
# Nor dbt.log, which would repeat the task's log. What was run is in the target folder.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--log-level-file", "none")
# PYTHONPATH would hide dbt's package behind our folder, and without bytecode every start takes seconds more.
UNWANTED = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
# What profiles.yml names; parsing logs in nowhere.
NO_LOGIN = dict.fromkeys(("WAREHOUSE_HOST", "WAREHOUSE_DB", "DBT_USER", "DBT_PASSWORD"), "unused")
NO_LOGIN["WAREHOUSE_PORT"] = "5432"


class DbtError(RuntimeError):
    """dbt failed; the message is what it printed."""


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


def macros_checksum(project: Path = ROOT / "dbt") -> str:
    """Return a hash of the macros and of dbt_project.yml: a star that was built by others is built anew."""
    files = [project / "dbt_project.yml", *sorted((project / "macros").rglob("*.sql"))]
    return hashlib.md5(b"".join(file.read_bytes() for file in files), usedforsecurity=False).hexdigest()


def project_options() -> list[str]:
    """Return the options that tell dbt where the project and its profile are."""
    project = str(ROOT / "dbt")
    return ["--project-dir", project, "--profiles-dir", project]


def build_command() -> str:
    """Return the shell command of `dbt build`; it reads its connection from the environment."""
    line = shlex.join([*DBT, *BUILD, *project_options()])
    without = " ".join(f"-u {name}" for name in UNWANTED)
    # A task's standard input is Airflow's socket.
    return f'exec </dev/null\nset -euo pipefail\nexec env {without} "${{DBT_PYTHON:-python}}" {line}'


def clean_environment(*prefixes: str) -> dict[str, str]:
    """Return this process's environment for a new Python: without UNWANTED, and without these prefixes."""
    return {name: value for name, value in os.environ.items() if not name.startswith((*UNWANTED, *prefixes))}


def start_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> subprocess.Popen[str]:
    """Start a dbt command on the project, with its artefacts in `work_dir`/target.

    `settings` holds the variables of profiles.yml; the caller's own DBT_ variables do not count.
    """
    paths = {"DBT_TARGET_PATH": str(work_dir / "target"), "DBT_LOG_PATH": str(work_dir / "logs")}
    return subprocess.Popen(
        [sys.executable, *DBT, *arguments, *project_options()],
        env={**clean_environment("DBT_"), **settings, **paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> Path:
    """Run a dbt command as `start_dbt` does; return the folder of its artefacts. Raises DbtError."""
    with start_dbt(*arguments, settings=settings, work_dir=work_dir) as dbt:
        try:
            output, errors = dbt.communicate()
        finally:
            # Of use only when this process is interrupted: dbt is not left behind.
            dbt.kill()
    if dbt.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n{output}{errors}".rstrip())
    return work_dir / "target"


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
