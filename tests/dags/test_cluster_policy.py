"""Airflow refuses a DAG whose task lacks what the cluster policy asks for, and says how it gets that."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

# One that has everything; each case takes one thing away.
GOOD = """
from datetime import timedelta
from airflow.sdk import dag, task

ARGS = {"owner": "data-platform", "retries": 1, "execution_timeout": timedelta(hours=1)}

@dag(schedule=None, tags=["tier-2"], default_args=ARGS)
def planted():
    @task(doc_md="Load it.\\n\\nRunbook: docs/operations.md#a-run-failed")
    def load(table):
        "It is documented above."

    CALL

planted()
"""
ONE, MAPPED = 'load("users")', 'load.expand(table=["users", "content"])'
BROKEN = {
    ('"owner": "data-platform", ', ""): "it has no owner; take DEFAULT_ARGS",
    ("data-platform", " "): "it has no owner; take DEFAULT_ARGS",
    (', tags=["tier-2"]', ""): "its DAG has no tier, or several; give it one tag of tier-1, tier-2, tier-3",
    ("tier-2", "elt"): "its DAG has no tier, or several; give it one tag of tier-1, tier-2, tier-3",
    ('"tier-2"', '"tier-1", "tier-2"'): "its DAG has no tier, or several",
    ("#a-run-failed", ""): "its doc_md names no runbook; wrap the DAG in `described`",
    ("Load it.", ""): "its doc_md does not say what it does; give its function a docstring",
    ('"retries": 1, ', ""): "it is never tried again; set retries to 1 or more",
    (
        ', "execution_timeout": timedelta(hours=1)',
        "",
    ): "it may hang for ever; set execution_timeout, to 12:00:00",
    ("hours=1", "hours=13"): "it may hang for ever; set execution_timeout, to 12:00:00 at most",
}


def _errors(folder: Path, text: str) -> str:
    (folder / "planted.py").write_text(text)
    return "".join(DagBag(folder).import_errors.values())


@pytest.mark.parametrize("call", [ONE, MAPPED], ids=["one", "mapped"])
def test_task_that_has_everything_is_taken(tmp_path: Path, call: str) -> None:
    assert _errors(tmp_path, GOOD.replace("CALL", call)) == ""


@pytest.mark.parametrize("call", [ONE, MAPPED], ids=["one", "mapped"])
@pytest.mark.parametrize(("change", "said"), BROKEN.items(), ids=lambda case: str(case)[:40])
def test_task_that_lacks_something_is_refused_with_the_way_out(
    tmp_path: Path, call: str, change: tuple[str, str], said: str
) -> None:
    error = _errors(tmp_path, GOOD.replace(*change).replace("CALL", call))
    assert (
        "AirflowClusterPolicyViolation: planted.load breaks the policy of airflow_local_settings.py" in error
    )
    assert said in error
    assert error.count(";") == 1


def test_all_that_is_lacking_is_said_at_once(tmp_path: Path) -> None:
    error = _errors(tmp_path, GOOD.replace(", default_args=ARGS", "").replace("CALL", ONE))
    assert [word for word in ("owner", "retries", "execution_timeout") if word not in error] == []
