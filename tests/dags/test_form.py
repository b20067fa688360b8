"""The form of a trigger: it takes and refuses what the tasks do, and nothing of it is read by a shell."""

import copy
import os
import subprocess
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError

from include import tasks
from include.environment import ROOT
from include.errors import InputError
from include.ops.publications import Publication
from include.run import refuse_wrong_run
from include.settings import read_settings

SHELL = """'"; touch broken; $(touch broken) `touch broken` {{ 7 * 6 }} \\n"""


@pytest.fixture(scope="module")
def pipeline():
    return DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]


@pytest.mark.parametrize(
    ("name", "value", "is_good"),
    [
        ("as_of", "2024-09-02", True),
        ("as_of", "yesterday", False),
        ("as_of", 20240902, False),
        ("mode", "full refresh", True),
        ("mode", "full_refresh", False),
        ("tables", ["users", "content"], True),
        ("tables", [], True),
        ("tables", ["film"], False),
        ("tables", "users", False),
        ("data_dir", "september", True),
        ("data_dir", 9, False),
        ("users", 1, True),
        ("users", 0, False),
        ("users", "5", False),
        ("users", True, False),
        ("titles", 100_001, False),
        ("sessions", 10_000_001, False),
        ("seed", 0, True),
        ("seed", -1, False),
        ("allow_mass_deletion", True, True),
        ("allow_mass_deletion", "yes", False),
    ],
)
def test_form_and_tasks_refuse_the_same(pipeline, name, value, is_good):
    field = copy.copy(pipeline.params.get_param(name))
    dag_run = SimpleNamespace(run_after=datetime(2024, 9, 5, tzinfo=UTC), conf={name: value})
    context = {"run_id": "manual__1", "params": {name: value}, "dag_run": dag_run}
    if is_good:
        assert field.resolve(value) == value
        refuse_wrong_run(context, read_settings({}))
        return
    with pytest.raises(ParamValidationError):
        field.resolve(value)
    with pytest.raises(InputError, match=name):
        refuse_wrong_run(context, read_settings({}))


def test_every_field_has_a_title_and_help_and_may_be_emptied(pipeline):
    for name in pipeline.params:
        schema = pipeline.params.get_param(name).schema
        assert all(schema[word] for word in ("title", "description_md")), name
        # An enum and a switch are never empty.
        assert "enum" in schema or "null" in schema["type"] or schema["type"] == "boolean", name


def test_nothing_of_the_form_is_in_the_command_of_dbt(pipeline, monkeypatch):
    monkeypatch.setattr(tasks, "star_to_keep", lambda params: None)
    names = [name for name in pipeline.params if name != "mode"]
    commands = {
        _rendered(pipeline, "full refresh", dict.fromkeys(names, value)).bash_command
        for value in (None, SHELL, [SHELL])
    }
    assert len(commands) == 1
    with pytest.raises(InputError, match="mode must be one of"):
        _rendered(pipeline, SHELL, {})


@pytest.mark.parametrize("is_unchanged", [False, True])
def test_run_id_that_is_a_command_is_a_text_to_the_shell(pipeline, monkeypatch, tmp_path, is_unchanged):
    kept = Publication("publish", 1, SHELL, "", date(2024, 9, 1), datetime(2024, 9, 1, tzinfo=UTC), 1.0, {})
    monkeypatch.setattr(tasks, "star_to_keep", lambda params: kept if is_unchanged else None)
    task = _rendered(pipeline, "full refresh", {})
    assert task.env["DBT_ENV_CUSTOM_ENV_BATCH_ID"] == SHELL
    # In place of dbt, what prints the run's id.
    (tmp_path / "dbt").write_text('#!/bin/sh\nprintf "%s" "$DBT_ENV_CUSTOM_ENV_BATCH_ID"\n')
    (tmp_path / "dbt").chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", task.bash_command],
        env={**os.environ, **task.env, "DBT_PYTHON": str(tmp_path / "dbt")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (tasks.SKIPPED if is_unchanged else 0), done.stderr
    assert SHELL in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["dbt"]


def _rendered(pipeline, mode: str, params: dict):
    """Return dbt's task, rendered for a run with these parameters."""
    task = copy.copy(pipeline.get_task("transform_with_dbt"))
    # It asks the warehouse for the state of raw, and what an earlier attempt left.
    task.env = {name: value for name, value in task.env.items() if "raw_state" not in value}
    context = {"params": {"mode": mode, **params}, "run_id": SHELL, "ti": SimpleNamespace(try_number=1)}
    templates = pipeline.get_template_env()
    templates.globals["before_dbt_builds"] = lambda *_: ""
    task.render_template_fields(context, templates)
    return task


def test_run_leaves_nothing_of_its_configuration_for_the_next_one() -> None:
    first, second = (DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"] for _ in range(2))
    first.params["data_dir"] = "/nowhere"
    assert second.params["data_dir"] is None
