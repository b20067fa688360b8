"""The cause of a failure is one line that people can act on, of dbt the node that failed."""

import json
from pathlib import Path

import psycopg2
import pytest

from include.causes import cause_of
from include.errors import InputError

BASH = RuntimeError("Bash command failed. The command returned a non-zero exit code 1.")
MODEL = 'Database Error\n  new row violates check constraint "x"\n  DETAIL:  Failing row contains (Ada).\n'


@pytest.fixture(autouse=True)
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))


def _results(folder: Path, batch_id: str, **nodes: tuple[str, str | None, int | None]) -> None:
    found = [
        {"unique_id": name, "status": status, "message": message, "failures": failures, "execution_time": 1}
        for name, (status, message, failures) in nodes.items()
    ]
    metadata = {"invocation_id": "1", "generated_at": "2024-09-01", "env": {"BATCH_ID": batch_id}}
    (folder / "run_results.json").write_text(json.dumps({"metadata": metadata, "results": found}))


def test_error_is_one_line_with_its_kind() -> None:
    assert cause_of(InputError("users.csv,\n line 2"), "run") == "InputError: users.csv, line 2"
    assert cause_of(SystemExit(3), "run") == "SystemExit: 3"
    assert len(cause_of(ValueError("x" * 9_999), "run")) < 520


def test_dbt_is_told_by_the_node_that_failed(tmp_path: Path) -> None:
    nodes = {
        "model.shop.dim_users": ("success", "INSERT 0 1", None),
        "test.shop.not_null_age.0a1b": ("fail", "Got 3 results", 3),
        "test.shop.unique_age.0a1c": ("error", "no table", None),
        "model.shop.mart": ("skipped", None, None),
    }
    _results(tmp_path, "run", **nodes)
    said = "a dbt test failed, and 1 more: not_null_age (3 failing rows)"
    assert cause_of(BASH, "run") == said


def test_row_that_a_model_refused_is_not_told(tmp_path: Path) -> None:
    _results(tmp_path, "run", **{"model.shop.fct": ("error", MODEL, None)})
    said = 'a dbt model failed: fct Database Error new row violates check constraint "x"'
    assert cause_of(BASH, "run") == said


@pytest.mark.parametrize("batch_id", ["another run", "run"])
def test_dbt_that_left_no_result_of_this_run_is_told_as_the_command(tmp_path: Path, batch_id: str) -> None:
    _results(tmp_path, batch_id)
    assert cause_of(BASH, "run") == f"RuntimeError: {BASH}"


def test_setting_that_is_wrong_is_told_as_the_task_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATE_USERS", "many")
    assert cause_of(InputError("GENERATE_USERS='many' is no number"), "run").startswith("InputError: GEN")


def test_words_of_a_driver_that_hold_a_row_are_left_out() -> None:
    error = psycopg2.errors.CheckViolation("new row violates\nDETAIL:  Failing row contains (Ada)")
    assert cause_of(error, "run").startswith("CheckViolation: ")
