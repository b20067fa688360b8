"""`make` in a shell that is set up for other programs: what its variables say changes nothing.

Scenario: a demo and questions in such a shell; then the same day in a bare one, which finds nothing to do.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import copy_of_small_size

pytestmark = pytest.mark.nightly

BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
FOREIGN = {
    "PGSSLMODE": "require",
    "PGSERVICE": "x",
    "PGCHANNELBINDING": "require",
    "PGOPTIONS": "-c search_path=x -c datestyle=German",
    "PGDATA": "/nowhere",
    "AIRFLOW_HOME": "/nonexistent",
    "AIRFLOW__CORE__DAGS_FOLDER": "/nonexistent",
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://x:x@127.0.0.1:1/x",
    "AIRFLOW_CONN_WAREHOUSE": "postgresql://x:x@127.0.0.1:1/x",
    "AIRFLOW_CONN_WAREHOUSE_LOADER": "postgresql://x:x@127.0.0.1:1/x",
    "AIRFLOW_VAR_X": "x",
    "_AIRFLOW_PROCESS_CONTEXT": "client",
    "_AIRFLOW_SKIP_DB_TESTS": "true",
    "DBT_PROFILES_DIR": "/nonexistent",
    "DBT_TARGET": "prod",
    "DBT_ENGINE_TARGET": "prod",
    "DBT_ENGINE_PROFILES_DIR": "/nonexistent",
    "DBT_PROJECT_DIR": "/nonexistent",
    "DBT_FAIL_FAST": "true",
    "DBT_PYTHON": "/nonexistent",
    "PYTHONHOME": "/nonexistent",
    "PYTHONSTARTUP": "/nonexistent",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONUTF8": "0",
    "PYTHONSAFEPATH": "1",
    "MONGO_HOST": "elsewhere.invalid",
    "MONGODB_URI": "mongodb://elsewhere.invalid",
    "SOURCES": "existing",
    "GENERATE_USERS": "7",
    "VIRTUAL_ENV": "/nonexistent",
    "GUNICORN_CMD_ARGS": "--bind=127.0.0.1:1",
    "UVICORN_PORT": "1",
    "WEB_CONCURRENCY": "many",
    "FORWARDED_ALLOW_IPS": "10.0.0.1",
    "SQLALCHEMY_WARN_20": "1",
    "OTEL_SDK_DISABLED": "maybe",
    "XDG_CONFIG_HOME": "/nonexistent",
    "AWS_PROFILE": "x",
    "AS": "/usr/bin/x86_64-linux-gnu-as",
    "COMPOSE_FILE": "/nonexistent.yml",
    "POSIXLY_CORRECT": "1",
    "SHELLOPTS": "noexec",
    "BASH_FUNC_docker%%": "() { exit 3; }",
    # No variable of another program, but a proxy that knows nothing of this machine.
    "http_proxy": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
}


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A copy of what git tracks or would track, with small sizes, and this Python as its .venv."""
    copy = copy_of_small_size("streaming-shell-")
    (copy / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "installed.txt":
            (copy / ".venv" / entry.name).symlink_to(entry)
    shutil.copy(copy / "requirements-dev.txt", copy / ".venv" / "installed.txt")
    yield copy
    _make(copy, BARE, "reset", "YES=1")
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A shell with all of it, files that its variables name included."""
    folder = tmp_path_factory.mktemp("theirs")
    for name in ("yaml", "dotenv", "typer", "psycopg2", "sitecustomize"):
        (folder / f"{name}.py").write_text(f"print('foreign {name}')\nraise SystemExit(3)\n")
    (folder / "bash_env").write_text("echo foreign bash_env\nexit 3\n")
    (folder / "cli").mkdir()
    files = {"BASH_ENV": str(folder / "bash_env"), "ENV": str(folder / "bash_env")}
    return {**BARE, **FOREIGN, **files, "PYTHONPATH": str(folder), "CDPATH": str(folder)}


def _make(project: Path, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_demo_and_questions_are_those_of_a_bare_shell(project: Path, foreign: dict[str, str]) -> None:
    demo = _make(project, foreign, "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert re.search(r"^  fct_viewing_sessions +900$", demo.stdout, re.MULTILINE)
    asked = _make(project, foreign, "sql", "Q=select count(*) as users from raw.postgres_users", "AS=admin")
    assert asked.stdout == "users\n60\n", asked.stderr
    checked, bare = (_make(project, shell, "check-sources") for shell in (foreign, BARE))
    said = "".join(done.stdout + done.stderr for done in (demo, asked, checked))
    assert not re.search("foreign|Traceback", said)
    assert (checked.returncode, _without_ports(checked)) == (bare.returncode, _without_ports(bare))
    again = _make(project, BARE, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    # All rows were there, and the star was not built again.
    assert "Readers see version 1 (as of 2024-09-01" in again.stdout
    loaded = re.findall(r"^  postgres_\w+ +\S+ +(\S+)", again.stdout, re.MULTILINE)
    assert loaded == ["0", "0"], again.stdout


def _without_ports(done: subprocess.CompletedProcess[str]) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", done.stdout)
