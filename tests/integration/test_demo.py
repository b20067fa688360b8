"""`make demo` as people run it, in a copy of the project: a day, the same day, the next one, a broken file.

Airflow's own components run here; the copy has its own databases, so a demo in the project is not touched.

Scenario: the first run, the same day and the next one are fixtures, each upon the one before. A test that is
run alone performs those that it needs.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from include.embedded.processes import free_port, is_running
from include.environment import ensure_env
from include.inherited import inherited
from tests.project_copy import copy_of_small_size

SERVERS = ("postgres", "mongo", "airflow/api-server", "airflow/scheduler", "airflow/dag-processor")
CHANGES = """
select coalesce(sum(rows_inserted), 0), coalesce(sum(rows_updated), 0), coalesce(sum(rows_deleted), 0)
from ops.load_runs where stage = 'extract' and batch_id = (select max(batch_id) from ops.load_runs)
"""


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A copy of what git tracks or would track, with small sizes in its .env."""
    copy = copy_of_small_size("streaming-demo-", GENERATE_DEFECTS="0.02")
    yield copy
    _run(copy, "reset")
    shutil.rmtree(copy)


def _environment() -> dict[str, str]:
    return inherited()


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _sql(project: Path, query: str) -> str:
    done = _run(project, "sql", query, "--as", "admin")
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n", 1)[1].strip()


def _star(project: Path) -> str:
    # Sums that any change of a row would move; the stamps are left out.
    return _sql(
        project,
        "select count(*), sum(hashtext(row(session_id, user_key, content_key, date_key, device_key,"
        " quality_level_key, watch_duration_minutes, completion_percentage)::text)::bigint),"
        " (select sum(hashtext(row(users.*)::text)::bigint) from trusted.dim_users as users),"
        " (select sum(hashtext(row(titles.*)::text)::bigint) from trusted.dim_content as titles)"
        " from trusted.fct_viewing_sessions",
    )


@dataclass(frozen=True)
class Run:
    """A run of the demo: what it printed, and how many rows of raw it changed."""

    done: subprocess.CompletedProcess
    changes: str


def _run_demo(project: Path, *arguments: str) -> Run:
    done = _run(project, "demo", *arguments)
    return Run(done, _sql(project, CHANGES))


@pytest.fixture(scope="module")
def first(project: Path) -> subprocess.CompletedProcess:
    """The demo as it is run for the first time."""
    return _run(project, "demo")


@pytest.fixture(scope="module")
def same_day(project: Path, first: subprocess.CompletedProcess) -> tuple[Run, str, str]:
    """The demo once more, and the star before and after."""
    assert first.returncode == 0
    star = _star(project)
    return _run_demo(project), star, _star(project)


@pytest.fixture(scope="module")
def next_day(project: Path, same_day: tuple[Run, str, str]) -> Run:
    """The demo of the next day."""
    return _run_demo(project, "--as-of", "2024-09-02")


def test_demo_ends_green_and_prints_what_it_did(project, first):
    assert first.returncode == 0, first.stdout + first.stderr
    for text in (
        "transform_with_dbt",
        "postgres_viewing_sessions",
        "fct_viewing_sessions",
        "make demo AS_OF=2024-09-02",
        "Readers see version 1 (as of 2024-09-01, run manual__",
    ):
        assert text in first.stdout
    assert "Traceback" not in first.stdout + first.stderr
    secrets = [value for name, value in ensure_env(project / ".env").items() if name.endswith("_PASSWORD")]
    assert not [secret for secret in secrets if secret in first.stdout]


def test_demo_stops_everything_it_started(project, first):
    assert first.returncode == 0
    assert [name for name in SERVERS if is_running(project / ".local" / f"{name}.pid")] == []


def test_demo_sets_broken_rows_aside_and_accounts_for_each(project, first):
    assert first.returncode == 0
    numbers = _sql(
        project,
        "select sum(rows_quarantined) > 0,"
        " bool_and(rows_read = rows_loaded + rows_unchanged + rows_quarantined),"
        " sum(rows_quarantined) = (select count(*) from quarantine.rejected_rows) from ops.load_runs",
    )
    assert numbers == "t,t,t"


def test_docs_serve_the_data_model_until_they_are_interrupted(project, first):
    assert first.returncode == 0
    port = free_port()
    command = [sys.executable, "-m", "cli", "docs", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=project, env=_environment(), stdout=subprocess.PIPE, text=True
    ) as docs:
        try:
            url = next(line for line in docs.stdout if "http://" in line).split()[-1]
            assert url == f"http://127.0.0.1:{port}"
            page = requests.get(url, timeout=10)
            # The databases have done their part.
            assert [name for name in SERVERS if is_running(project / ".local" / f"{name}.pid")] == []
            second = _run(project, "docs", "--port", str(port))
        finally:
            docs.send_signal(signal.SIGINT)
            # Before its standard output is closed: it says that it stopped.
            docs.wait(60)
    assert docs.returncode == 0
    assert page.status_code == 200
    # dbt's front page, a column's description, and what only the catalogue query knows.
    for text in ("from raw to the star", "Version of the user on the watch date", "dbt_transformer"):
        assert text in page.text
    assert second.returncode == 1
    assert f"Port {port} cannot be used" in second.stderr
    secrets = [value for name, value in ensure_env(project / ".env").items() if name.endswith("_PASSWORD")]
    assert not [secret for secret in secrets if secret in page.text]


def test_same_day_again_changes_nothing_and_the_next_day_its_changes_only(project, first, same_day, next_day):
    assert first.returncode == 0
    again, before, after = same_day
    assert again.done.returncode == 0
    assert after == before
    assert again.changes == "0,0,0"
    assert re.search(r"^  skipped  transform_with_dbt ", again.done.stdout, re.MULTILINE), again.done.stdout
    assert "Readers see version 1 (as of 2024-09-01" in again.done.stdout
    assert next_day.done.returncode == 0, next_day.done.stdout + next_day.done.stderr
    assert next_day.changes != "0,0,0"
    assert _sql(project, "select max(watch_date) from trusted.fct_viewing_sessions") == "2024-09-02"


@pytest.mark.usefixtures("next_day")
def test_mended_rows_leave_quarantine_and_reach_raw(project, first):
    assert first.returncode == 0
    listed = _run(project, "quarantine")
    assert "completion_percentage is above 100" in listed.stdout, listed.stdout + listed.stderr
    where = "where source_name = 'viewing_sessions.csv' and reason = 'is above 100' and released_at is null"
    newest = f"{where} and batch_id = (select max(batch_id) from quarantine.rejected_rows)"
    mended = _sql(project, f"select count(*) from quarantine.rejected_rows {newest}")
    assert int(mended) > 0
    before = _sql(project, "select count(*) from raw.postgres_viewing_sessions")
    value = "replace(row_text, ',' || value || ',', ',50.0,')"
    _run(
        project,
        "sql",
        f"update quarantine.rejected_rows set row_text = {value} {newest}",
        "--as",
        "admin",
    )
    done = _run(project, "replay")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"viewing_sessions.csv{mended:>16}" in done.stdout
    after = _sql(project, "select count(*) from raw.postgres_viewing_sessions")
    assert int(after) == int(before) + int(mended)


@pytest.mark.nightly
@pytest.mark.usefixtures("next_day")
def test_broken_files_of_ones_own_fail_with_the_reason_and_the_log(project, first, tmp_path):
    assert first.returncode == 0
    star = _star(project)
    (tmp_path / "users.csv").write_text("user_id,age\nU1,20\n")
    (tmp_path / "viewing_sessions.csv").write_text("")
    (tmp_path / "content.json").write_text(json.dumps({"movies": [], "series": []}))
    done = _run(project, "demo", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "users.csv, line 1: column country" in done.stdout
    assert "is missing" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    log = next(line.split("Its log: ")[1] for line in done.stdout.splitlines() if "Its log: " in line)
    assert Path(log).is_file()
    assert "Readers see version 2 (as of 2024-09-02" in done.stdout
    assert _star(project) == star


@pytest.mark.usefixtures("next_day")
def test_publications_are_listed_and_rolled_back(project, first):
    assert first.returncode == 0
    listed = _run(project, "publications").stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        ["publish", "2", "2024-09-02"],
        ["publish", "1", "2024-09-01"],
    ]
    assert listed[1].endswith("<- readers see it")
    assert listed[2].endswith("<- kept for make rollback")
    newest = _star(project)
    done = _run(project, "rollback")
    assert "Readers see version 1 (as of 2024-09-01" in done.stdout, done.stderr
    assert _sql(project, "select max(watch_date) from trusted.fct_viewing_sessions") == "2024-09-01"
    listed = _run(project, "publications").stdout.splitlines()
    assert listed[1].startswith("rollback       1")
    assert listed[1].endswith("<- readers see it")
    assert _run(project, "rollback").returncode == 0
    assert _star(project) == newest
