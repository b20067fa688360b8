"""The dbt command line: how every part of the project starts dbt."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from include.environment import ROOT
from include.inherited import inherited
from include.libpq import DBT_VARIABLES

# dbt repeats variables with this prefix in run_results.json: so a result tells which run it is of.
BATCH_VARIABLE = "DBT_ENV_CUSTOM_ENV_BATCH_ID"
# dbt writes it into the star's marker after a full refresh.
CODE_VARIABLE = "DBT_ENV_CUSTOM_ENV_CODE"
# dbt writes it into the marker of a star whose build was whole and good.
RAW_VARIABLE = "DBT_ENV_CUSTOM_ENV_RAW"
# dbt repeats it in run_results.json: a second attempt goes on only where the project is still the same.
PROJECT_VARIABLE = "DBT_ENV_CUSTOM_ENV_PROJECT"
# The invocation that a second attempt goes on with (dbt/macros/star_marker.sql).
RESUMES_VARIABLE = "DBT_ENV_CUSTOM_ENV_RESUMES"
FULL_REFRESH = "--full-refresh"
# What in the project's folder decides what the rows of the star are.
CODE_SUFFIXES = {".sql", ".yml"}
# What Python is to run. dbt ends soon: looking for garbage is 8 % of a day without changes, for 60 MB less.
DBT = ("-P", "-c", "import gc; gc.disable(); from dbt.cli.main import cli; cli()", "--no-use-colors")
# Not the unit tests: they judge the models by rows of their own, whatever the day brought (`make test`).
# Nor dbt.log, which would repeat the task's log. What was run is in the target folder.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--log-level-file", "none")
# Runs what failed or was left out, with the options of the build before.
RETRY = ("retry", "--log-level-file", "none")
# PYTHONPATH would hide dbt's package behind our folder, and without bytecode every start takes seconds more.
UNWANTED = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
# dbt ends with 1 whatever failed. With this code, EX_TEMPFAIL, its command says that another try can help:
# its server was away, or dbt was killed.
SERVER_AWAY = 75
# How dbt words what failures.py lists by class.
AWAY = (
    "server closed the connection|connection already closed|connection has been closed|terminating connection"
    "|connection refused|could not connect|connection reset|connection timed out|timeout expired"
    "|is starting up|is shutting down|in recovery mode|not yet accepting connections|too many clients"
    "|connection slots are reserved|deadlock detected|could not serialize|due to lock timeout|due to conflict"
)
# Options follow. The output is kept to be searched, if there is room. A caller's PG* variables do not count.
COMMAND = """
exec </dev/null
set -euo pipefail
unset ${{!PG@}}
run_dbt() {{
  local said code=0
  said=$(mktemp)
  env {changes} "${{DBT_PYTHON:-python}}" "$@" 2>&1 | {{ tee "$said" || true; }} || code=$?
  if ((code)) && grep -qiE {away} "$said"; then code={away_code}; fi
  if ((code == 137)); then
    echo "Encountered an error: dbt was killed (SIGKILL), as a system does whose memory is used up"
    code={away_code}
  fi
  rm -f "$said"
  return "$code"
}}
{before}
run_dbt {line}
"""
# What profiles.yml names; parsing logs in nowhere.
NO_LOGIN = dict.fromkeys(("WAREHOUSE_HOST", "WAREHOUSE_DB", "DBT_USER", "DBT_PASSWORD"), "unused")
NO_LOGIN["WAREHOUSE_PORT"] = "5432"


class DbtError(RuntimeError):
    """dbt failed; the message is what it printed."""


def code_checksum(project: Path = ROOT / "dbt") -> str:
    """Return a hash of what makes the rows: models, snapshots, macros, configuration; not tests, metrics."""
    return _checksum(project, _is_code)


def project_checksum(project: Path = ROOT / "dbt") -> str:
    """Return a hash of all that dbt reads of the project, its tests too."""
    return _checksum(project, lambda path: path.suffix in CODE_SUFFIXES)


def needs_full_refresh(marker: Mapping[str, object]) -> bool:
    """Tell whether the star with this marker was built from nothing by other code, or never was."""
    return marker.get("code") != code_checksum()


def project_options() -> list[str]:
    """Return the options that tell dbt where the project and its profile are."""
    project = str(ROOT / "dbt")
    return ["--project-dir", project, "--profiles-dir", project]


def build_command(before: str = "") -> str:
    """Return the shell command of `dbt build`, which reads its connection from the environment.

    `before` is a command that may end the shell before dbt builds; it may call `run_dbt` with `retry_line`.
    Where dbt fails because its server was away or busy, or it was killed, the command ends with SERVER_AWAY.
    A task's input is Airflow's socket: nothing reads it.
    """
    changes = [f"-u {name}" for name in UNWANTED]
    changes += [f"{name}={shlex.quote(value)}" for name, value in DBT_VARIABLES.items()]
    return COMMAND.strip().format(
        before=before,
        changes=" ".join(changes),
        away=shlex.quote(AWAY),
        away_code=SERVER_AWAY,
        line=shlex.join([*DBT, *BUILD, *project_options()]),
    )


def retry_line(state: Path) -> str:
    """Return what Python is to run so that dbt runs again what is not good in the results of a folder."""
    return shlex.join([*DBT, *RETRY, *project_options(), "--state", str(state)])


def start_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> subprocess.Popen[str]:
    """Start a dbt command on the project, with its artefacts in `work_dir`/target.

    `settings` holds the variables of profiles.yml.
    """
    return subprocess.Popen(
        [sys.executable, *DBT, *arguments, *project_options()],
        env=dbt_environment(settings, work_dir),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def dbt_environment(settings: Mapping[str, str], work_dir: Path) -> dict[str, str]:
    """Return the environment of a dbt command, with its artefacts in `work_dir`/target."""
    paths = {"DBT_TARGET_PATH": str(work_dir / "target"), "DBT_LOG_PATH": str(work_dir / "logs")}
    return {**inherited(), **DBT_VARIABLES, **settings, **paths}


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


def _checksum(project: Path, counts: Callable[[Path], bool]) -> str:
    """Return a hash of names and contents of the project's files whose path in it counts."""
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(file for file in project.rglob("*") if counts(file.relative_to(project))):
        digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _is_code(path: Path) -> bool:
    is_aside = path.parts[0] == "tests" or "semantic" in path.parts or "__unit_tests" in path.name
    return path.suffix in CODE_SUFFIXES and not is_aside
