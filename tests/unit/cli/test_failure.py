"""What a person reads when a run has failed. The log entries are as Airflow 3.3 and dbt 1.11 write them."""

from pathlib import Path

import pytest

from cli.failure import print_failure

SHELL = "airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook"
LOGS = Path("home/airflow/logs")


def entry(event: str, level: str = "info", logger: str = "task", **values: object) -> dict:
    return {"timestamp": "2024-09-01T06:00:00Z", "level": level, "event": event, "logger": logger, **values}


def raised(*errors: tuple[str, str]) -> dict:
    detail = [
        {"exc_type": name, "exc_value": value, "frames": [{"filename": "seed.py", "lineno": 45, "name": "x"}]}
        for name, value in errors
    ]
    return entry("Task failed with exception", "error", error_detail=detail)


def failed(task_id: str, **values: object) -> dict:
    common = {"state": "failed", "map_index": -1, "rendered_map_index": None, "try_number": 1}
    return {"task_id": task_id, **common, **values}


class FakeApi:
    """A finished run: its tasks, and a log for each that failed."""

    def __init__(self, tasks: list[dict], **logs: list[dict]) -> None:
        self._tasks, self._logs = tasks, logs

    def task_instances(self, run_id: str) -> list[dict]:
        assert run_id == "manual__1"
        return self._tasks

    def task_log(self, run_id: str, task: dict) -> list[dict]:
        assert task["state"] == "failed", "only the log of a failed task is asked for"
        return self._logs[task["task_id"].rpartition(".")[2]]


def printed(capsys: pytest.CaptureFixture[str], tasks: list[dict], **logs: list[dict]) -> list[str]:
    print_failure(FakeApi(tasks, **logs), "manual__1", LOGS)
    return capsys.readouterr().out.splitlines()


def test_input_error_is_shown_without_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    message = "users.csv, line 3, byte 10: not UTF-8 (0xfa). Save the file as UTF-8; nothing of it was loaded"
    log = [
        entry("::group::Pre Execute"),
        entry("users: seeding", logger="include.seed"),
        raised(("InputError", message)),
        entry("::endgroup::"),
    ]
    tasks = [failed("load_csvs_to_postgres"), failed("extract", state="upstream_failed")]
    assert printed(capsys, tasks, load_csvs_to_postgres=log) == [
        "",
        "load_csvs_to_postgres failed:",
        f"  InputError: {message}",
        "  Its log: home/airflow/logs/dag_id=video_streaming_elt_pipeline/run_id=manual__1"
        "/task_id=load_csvs_to_postgres/attempt=1.log",
    ]


def test_causes_are_shown_and_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    log = [
        entry("The source is gone", "error", logger="include.extract_load"),
        entry("a warning", "warning"),
        raised(("OperationalError", "connection refused"), ("OSError", "unreachable")),
        raised(("OperationalError", "connection refused")),
    ]
    lines = printed(capsys, [failed("seed")], seed=log)
    assert lines[2:-1] == [
        "  The source is gone",
        "  OperationalError: connection refused",
        "  OSError: unreachable",
    ]


def test_mapped_task_is_named_with_its_table_and_its_own_log(capsys: pytest.CaptureFixture[str]) -> None:
    task = failed(
        "extract_to_data_warehouse.load_postgres_table",
        map_index=1,
        rendered_map_index="viewing_sessions",
        try_number=4,
    )
    lines = printed(capsys, [task], load_postgres_table=[raised(("UndefinedTable", "no such relation"))])
    assert lines[1] == "load_postgres_table[viewing_sessions] failed:"
    assert lines[-1].endswith(
        "/task_id=extract_to_data_warehouse.load_postgres_table/map_index=1/attempt=4.log"
    )


def dbt_log(*lines: str) -> list[dict]:
    command = "Running command: ['/usr/bin/bash', '-c', 'exec dbt build']"
    said = [entry(line, logger=SHELL) for line in (command, "Output:", *lines)]
    ended = entry("Command exited with return code 1", logger=SHELL)
    return [*said, ended, raised(("AirflowException", "Bash command failed. The command returned 1"))]


def test_dbts_own_words_are_shown_from_its_list_of_errors_on(capsys: pytest.CaptureFixture[str]) -> None:
    log = dbt_log(
        "06:00:01  Running with dbt=1.11.16",
        "06:00:02  3 of 9 ERROR creating sql view model staging.bad ............. [ERROR in 0.10s]",
        "06:00:03  ",
        "06:00:03  Completed with 2 errors, 0 partial successes, and 0 warnings:",
        "06:00:03  ",
        "06:00:03  Failure in test not_null_dim_users_age (models/trusted/_trusted.yml)",
        "06:00:03    Got 3 results, configured to fail if != 0",
        "06:00:03  Database Error in model bad (models/staging/bad.sql)",
        '  column "nope" does not exist',
        "06:00:03  Done. PASS=1 WARN=0 ERROR=2 SKIP=6 NO-OP=0 TOTAL=9",
    )
    assert printed(capsys, [failed("transform_with_dbt")], transform_with_dbt=log)[2:-1] == [
        "  Completed with 2 errors, 0 partial successes, and 0 warnings:",
        "  Failure in test not_null_dim_users_age (models/trusted/_trusted.yml)",
        "    Got 3 results, configured to fail if != 0",
        "  Database Error in model bad (models/staging/bad.sql)",
        '    column "nope" does not exist',
        "  Done. PASS=1 WARN=0 ERROR=2 SKIP=6 NO-OP=0 TOTAL=9",
        "  Command exited with return code 1",
        "  AirflowException: Bash command failed. The command returned 1",
    ]


def test_dbt_that_did_not_get_to_its_models_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    log = dbt_log(
        "06:00:01  Running with dbt=1.11.16",
        "06:00:02  Encountered an error:",
        "Database Error",
        '  connection to server at "127.0.0.1", port 1 failed: Connection refused',
    )
    lines = printed(capsys, [failed("transform_with_dbt")], transform_with_dbt=log)
    assert lines[2:5] == [
        "  Encountered an error:",
        "  Database Error",
        '    connection to server at "127.0.0.1", port 1 failed: Connection refused',
    ]


def test_log_without_an_error_shows_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    # A worker that was killed says nothing.
    log = [entry(f"line {number}") for number in range(30)]
    lines = printed(capsys, [failed("seed")], seed=log)
    assert lines[2:-1] == [f"  line {number}" for number in range(20, 30)]


def test_every_failed_task_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs = {"seed": [raised(("InputError", "one"))], "report": [raised(("InputError", "two"))]}
    lines = printed(capsys, [failed("seed"), failed("good", state="success"), failed("report")], **logs)
    assert [line for line in lines if not line.startswith("  Its log")] == [
        "",
        "seed failed:",
        "  InputError: one",
        "",
        "report failed:",
        "  InputError: two",
    ]


def test_run_that_failed_without_a_task_names_the_schedulers_log(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, [failed("seed", state="success")])
    assert lines == ["", "The run failed before a task did; see home/airflow/scheduler.log"]


def test_nodes_of_dbt_are_told_by_the_task_that_ran_it(capsys: pytest.CaptureFixture[str]) -> None:
    log = [entry("06:00:00  Completed with 1 error, 0 partial successes, and 0 warnings:", logger=SHELL)]
    tasks = [failed("transform_with_dbt"), failed("dbt_nodes.models.dim_users", try_number=0)]
    lines = printed(capsys, tasks, transform_with_dbt=log)
    assert [line for line in lines if line.endswith("failed:")] == ["transform_with_dbt failed:"]
