"""The dbt command line as a shell runs it, and what run_results.json says."""

import json
import logging
import os
import socket
import subprocess
from pathlib import Path

import pytest

from include import dbt
from include.dbt import (
    BATCH_VARIABLE,
    CODE_VARIABLE,
    SERVER_AWAY,
    DbtError,
    build_command,
    code_checksum,
    needs_full_refresh,
    run_dbt,
)
from include.ops.dbt_runs import NodeResult, log_results, read_results

MODEL = {
    "unique_id": "model.video_streaming.dim_users",
    "status": "success",
    "execution_time": 1.23456,
    "adapter_response": {"_message": "INSERT 0 5000", "code": "INSERT", "rows_affected": 5000},
    "failures": None,
    "message": "INSERT 0 5000",
}
TEST = {
    "unique_id": "test.video_streaming.not_null_dim_users_age.0a1b2c3d4e",
    "status": "fail",
    "execution_time": 0.1,
    "adapter_response": {"_message": "SELECT 1", "rows_affected": 1},
    "failures": 3,
    "message": "Got 3 results, configured to fail if != 0",
}
SKIPPED = {
    "unique_id": "model.video_streaming.fct_viewing_sessions",
    "status": "skipped",
    "execution_time": 0,
    "adapter_response": {},
    "failures": None,
    "message": None,
}


def write_results(target: Path, results: list[dict], env: dict[str, str]) -> None:
    metadata = {
        "dbt_version": "1.11.16",
        "generated_at": "2024-09-01T06:00:00.123456Z",
        "invocation_id": "8c6d",
        "env": env,
    }
    content = {"metadata": metadata, "results": results, "elapsed_time": 2.5, "args": {}}
    (target / "run_results.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def node(
    unique_id: str, status: str = "success", message: str | None = None, failures: int | None = None
) -> NodeResult:
    return NodeResult("8c6d", unique_id, status, 0.5, None, failures, message, "2024-09-01T06:00:00Z")


# What dbt left behind


def test_results_of_the_batch_are_read(tmp_path: Path) -> None:
    write_results(tmp_path, [MODEL, TEST, SKIPPED], {"BATCH_ID": "manual__1"})
    model, test, skipped = read_results(tmp_path, "manual__1")
    assert model == NodeResult(
        invocation_id="8c6d",
        unique_id="model.video_streaming.dim_users",
        status="success",
        seconds=1.235,
        rows_affected=5000,
        failures=None,
        message="INSERT 0 5000",
        generated_at="2024-09-01T06:00:00.123456Z",
    )
    assert (test.status, test.failures, test.rows_affected) == ("fail", 3, 1)
    assert (skipped.seconds, skipped.rows_affected, skipped.message) == (0, None, None)


def test_variable_that_names_the_batch_is_one_that_dbt_repeats() -> None:
    # dbt writes what follows this prefix into the metadata's env.
    assert BATCH_VARIABLE.removeprefix("DBT_ENV_CUSTOM_ENV_") == "BATCH_ID"
    assert CODE_VARIABLE.removeprefix("DBT_ENV_CUSTOM_ENV_") == "CODE"


def test_macros_and_variables_of_the_project_have_a_checksum(tmp_path: Path) -> None:
    (tmp_path / "macros").mkdir()
    macro, project = tmp_path / "macros" / "a.sql", tmp_path / "dbt_project.yml"
    macro.write_text("one")
    project.write_text("vars: 90")
    first = code_checksum(tmp_path)
    assert code_checksum(tmp_path) == first
    macro.write_text("two")
    second = code_checksum(tmp_path)
    project.write_text("vars: 95")
    assert len({first, second, code_checksum(tmp_path)}) == 3


def test_a_model_or_its_contract_changes_the_checksum_and_a_test_does_not(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1")
    first = code_checksum(tmp_path)
    (tmp_path / "models" / "a.yml").write_text("data_type: text")
    second = code_checksum(tmp_path)
    (tmp_path / "models" / "a__unit_tests.yml").write_text("unit_tests: []")
    (tmp_path / "tests" / "assert_a.sql").write_text("select 1")
    (tmp_path / "README.md").write_text("words")
    assert code_checksum(tmp_path) == second != first


def test_a_star_of_other_code_or_of_none_needs_a_full_refresh() -> None:
    assert not needs_full_refresh({"code": code_checksum()})
    assert needs_full_refresh({"code": "older"})
    assert needs_full_refresh({})


def test_the_row_that_breaks_a_constraint_is_nobodys_to_read(tmp_path: Path) -> None:
    message = (
        "Database Error in model dim_users\n"
        '  new row for relation "dim_users" violates check constraint "dim_users_age_check"\n'
        "  DETAIL:  Failing row contains (17, U0001, 34, Chile).\n"
        "  compiled code at target/run/dim_users.sql"
    )
    write_results(tmp_path, [{**MODEL, "status": "error", "message": message}], {"BATCH_ID": "manual__1"})
    (result,) = read_results(tmp_path, "manual__1")
    assert "dim_users_age_check" in result.detail
    assert "compiled code at" in result.detail
    assert "Chile" not in result.detail


@pytest.mark.parametrize("env", [{"BATCH_ID": "manual__0"}, {}])
def test_results_of_another_run_are_not_this_ones(tmp_path: Path, env: dict[str, str]) -> None:
    write_results(tmp_path, [MODEL], env)
    assert read_results(tmp_path, "manual__1") == []


def test_no_file_is_no_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_results(tmp_path, "manual__1") == []
    assert read_results(tmp_path / "never made", "manual__1") == []
    assert caplog.records == []


@pytest.mark.parametrize("length", [0, 1, 60, 200])
def test_file_that_a_killed_dbt_left_half_written_is_told_and_gives_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, length: int
) -> None:
    write_results(tmp_path, [MODEL], {"BATCH_ID": "manual__1"})
    path = tmp_path / "run_results.json"
    path.write_bytes(path.read_bytes()[:length])
    assert read_results(tmp_path, "manual__1") == []
    (warning,) = caplog.records
    assert (warning.levelname, str(path) in warning.getMessage()) == ("WARNING", True)


def test_words_of_other_languages_are_read(tmp_path: Path) -> None:
    write_results(tmp_path, [{**TEST, "message": "Perú ≠ Peru"}], {"BATCH_ID": "b"})
    assert read_results(tmp_path, "b")[0].message == "Perú ≠ Peru"


@pytest.mark.parametrize(
    ("unique_id", "resource_type", "name"),
    [
        ("model.video_streaming.dim_users", "model", "dim_users"),
        ("snapshot.video_streaming.users_snapshot", "snapshot", "users_snapshot"),
        ("test.video_streaming.not_null_dim_users_age.0a1b2c", "test", "not_null_dim_users_age"),
        ("test.video_streaming.assert_one_version_a_day", "test", "assert_one_version_a_day"),
        ("unit_test.video_streaming.dim_users.first_version", "unit_test", "first_version"),
    ],
)
def test_node_is_named_as_people_know_it(unique_id: str, resource_type: str, name: str) -> None:
    assert (node(unique_id).resource_type, node(unique_id).name) == (resource_type, name)


def test_nodes_that_did_not_pass_are_logged_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_results(
        [
            node("model.p.dim_users", "success"),
            node("test.p.unique_x.0a1b", "pass"),
            node("model.p.dim_dates", "no-op"),
            node("model.p.dim_devices", "reused"),
            node("test.p.not_null_x.0a1b", "warn", "Got 2 results", 2),
            node("test.p.not_null_y.0a1b", "fail", "Got 1200 results, configured to fail if != 0", 1200),
            node("test.p.not_null_z.0a1b", "error", "column z does not exist", 0),
            node("model.p.dim_content", "error", "column does not exist"),
            node("model.p.fct_viewing_sessions", "skipped"),
        ]
    )
    assert [(record.levelname, record.getMessage().strip()) for record in caplog.records] == [
        ("WARNING", "dbt test not_null_x: warn (2 failing rows)"),
        ("ERROR", "dbt test not_null_y: fail (1,200 failing rows)"),
        ("ERROR", "dbt test not_null_z: error column z does not exist"),
        ("ERROR", "dbt model dim_content: error column does not exist"),
        ("WARNING", "dbt model fct_viewing_sessions: skipped"),
        ("INFO", "dbt: 9 nodes, 5 of them not good"),
    ]


# The command


def make_stand_in(tmp_path: Path, script: str) -> Path:
    """Write a program that plays Python."""
    stand_in = tmp_path / "a python"
    stand_in.write_text(f"#!/usr/bin/env bash\n{script}\n")
    stand_in.chmod(0o755)
    return stand_in


def run_command(tmp_path: Path, script: str, **env: str) -> subprocess.CompletedProcess:
    """Run the command with a stand-in for Python, the way BashOperator does: with a socket as its input."""
    stand_in = make_stand_in(tmp_path, script)
    ours, of_the_task = socket.socketpair()
    with ours, of_the_task:
        ours.sendall(b"what Airflow says to its worker")
        return subprocess.run(
            ["bash", "-c", build_command()],
            stdin=of_the_task,
            env={"PATH": os.environ["PATH"], "DBT_PYTHON": str(stand_in), **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("folder", ["plain", "with blanks", 'it\'s $HOME "and" `date` ünï'])
def test_dbt_builds_the_project_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(dbt, "ROOT", tmp_path / folder)
    done = run_command(tmp_path, r"""printf '%s\n' "$@" """)
    project = str(tmp_path / folder / "dbt")
    options = ["--no-use-colors", "build", "--exclude-resource-type", "unit_test", "--log-level-file", "none"]
    options += ["--project-dir", project, "--profiles-dir", project]
    assert (done.stdout.splitlines()[3:], done.returncode) == (options, 0)


def test_dbt_does_not_read_what_airflow_says_to_its_worker(tmp_path: Path) -> None:
    assert build_command().startswith("exec </dev/null\n")
    assert run_command(tmp_path, 'echo "read: $(cat)"').stdout == "read: \n"


def test_dbt_is_beside_airflow_even_where_bash_reads_another_path_from_bashrc(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("export PATH=/usr/bin:/bin\n")
    assert run_command(tmp_path, "echo run", HOME=str(tmp_path)).stdout == "run\n"


def test_dbt_hears_nothing_of_libpq_but_from_us(tmp_path: Path) -> None:
    foreign = {"PGCLIENTENCODING": "LATIN1", "PGSERVICE": "x", "PGTZ": "Asia/Tokyo", "PGHOSTADDR": "10.0.0.1"}
    said = run_command(tmp_path, "env | grep ^PG | sort", **foreign).stdout.splitlines()
    assert said == ["PGCLIENTENCODING=UTF8", "PGDATESTYLE=ISO, YMD", "PGTZ=UTC"]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("all is well", 0, 0),
        ("Got 3 results, configured to fail if != 0", 1, 1),
        ("Usage: dbt", 2, 2),
        ("server closed the connection unexpectedly", 1, SERVER_AWAY),
        ('connection to server at "h", port 5 failed: Connection refused', 2, SERVER_AWAY),
        ("FATAL:  the database system is shutting down", 1, SERVER_AWAY),
        ("deadlock detected", 1, SERVER_AWAY),
        # Said on the way by a run that succeeded.
        ("connection refused, trying again", 0, 0),
    ],
)
def test_dbt_that_lost_its_server_ends_with_a_code_of_its_own(
    tmp_path: Path, words: str, code: int, expected: int
) -> None:
    done = run_command(tmp_path, f"echo '{words}' >&2; exit {code}")
    assert (done.returncode, done.stdout) == (expected, f"{words}\n")


def test_dbt_that_succeeds_does_so_where_there_is_no_room_for_its_words(tmp_path: Path) -> None:
    full = tmp_path / "mktemp"
    full.write_text("#!/bin/sh\nln -s /dev/full said && echo said\n".replace("said", str(tmp_path / "said")))
    full.chmod(0o755)
    done = run_command(tmp_path, "echo done", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_dbt_that_is_killed_says_so_and_is_worth_another_try(tmp_path: Path) -> None:
    done = run_command(tmp_path, "kill -KILL $$")
    assert done.returncode == SERVER_AWAY
    assert done.stdout == (
        "Encountered an error: dbt was killed (SIGKILL), as a system does whose memory is used up\n"
    )


def test_dbt_does_not_find_our_folder_in_place_of_its_package(tmp_path: Path) -> None:
    script = 'echo "${PYTHONPATH-unset} ${PYTHONDONTWRITEBYTECODE-unset} ${DBT_USER-unset}"'
    env = {"PYTHONPATH": "here", "PYTHONDONTWRITEBYTECODE": "1", "DBT_USER": "dbt_transformer"}
    assert run_command(tmp_path, script, **env).stdout == "unset unset dbt_transformer\n"


def test_failure_of_dbt_is_the_failure_of_the_task(tmp_path: Path) -> None:
    assert run_command(tmp_path, "exit 2").returncode == 2


def test_dbt_in_a_process_of_its_own_sees_its_settings_and_nothing_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {"PYTHONPATH": "here", "PYTHONDONTWRITEBYTECODE": "1", "DBT_TARGET_PATH": "x", "DBT_USER": "x"}
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    names = "${PYTHONPATH-unset} ${PYTHONDONTWRITEBYTECODE-unset} ${DBT_USER-unset} ${WAREHOUSE_HOST-unset}"
    script = f'mkdir "$DBT_TARGET_PATH"\necho "{names} $(cat)$*" >"$DBT_TARGET_PATH/said"'
    monkeypatch.setattr(dbt.sys, "executable", str(make_stand_in(tmp_path, script)))
    target = run_dbt("docs", "generate", settings={"WAREHOUSE_HOST": "here"}, work_dir=tmp_path)
    assert target == tmp_path / "target"
    said = (target / "said").read_text()
    assert said.startswith("unset unset unset here -P -c ")
    project = str(dbt.ROOT / "dbt")
    assert said.endswith(f"docs generate --project-dir {project} --profiles-dir {project}\n")


def test_failure_of_dbt_in_a_process_of_its_own_is_told_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = make_stand_in(tmp_path, "echo Database Error\necho by the way >&2\nexit 1")
    monkeypatch.setattr(dbt.sys, "executable", str(stand_in))
    with pytest.raises(DbtError, match=r"^dbt parse --quiet failed:\nDatabase Error\nby the way$"):
        run_dbt("parse", "--quiet", settings={}, work_dir=tmp_path)
