"""What the tasks of the DAG video_streaming_lakehouse run, in a shell as Airflow starts it."""

import os
import subprocess
from pathlib import Path

import pytest

from dags.pipeline import lake as commands
from include.dbt import SERVER_AWAY
from include.environment import ROOT
from lakehouse.query import ask
from tests.lakehouse.conftest import Follower


def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a task's command; its input, as Airflow's, never ends."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": "/nowhere", **variables}
    reader, writer = os.pipe()
    try:
        line = ["bash", "-c", command]
        return subprocess.run(
            line, cwd=ROOT, env=env, stdin=reader, capture_output=True, text=True, check=False
        )
    finally:
        os.close(reader)
        os.close(writer)


def test_tasks_bring_raw_to_readers_and_may_run_again(follower: Follower, tmp_path: Path):
    variables = {"LAKE": follower.lake.settings.root, **follower.platform.dbt_env()}
    every = (commands.load_command(), commands.gold_command({}), commands.publish_command())
    for command in (*every, *every[::2]):
        done = run(command, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "Readers see publication 1\n"
    assert list(ask(follower.lake, "select count(*) from trusted.fct_viewing_sessions"))[1] == ("30",)


def test_a_warehouse_that_is_away_is_told_by_the_code_that_is_tried_again(follower: Follower):
    away = follower.platform.dbt_env() | {"WAREHOUSE_PORT": "1"}
    done = run(commands.load_command(), LAKE=follower.lake.settings.root, **away)
    assert done.returncode == SERVER_AWAY
    assert "onnection" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("variables", [{}, {"LAKE": ""}])
def test_without_a_lake_every_task_says_what_to_do(variables: dict[str, str]):
    for command in (commands.load_command(), commands.gold_command({}), commands.publish_command()):
        done = run(command, **variables)
        assert done.returncode != 0
        assert "LAKE: is empty. Set it in .env" in done.stderr


def test_without_the_venv_of_the_engine_the_task_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(commands, "ROOT", tmp_path / "a clone's folder")
    done = run(commands.gold_command({"LAKE_ENGINE": "spark"}), LAKE="/lake")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no .venv-spark in")
    assert done.stderr.endswith("run cli/setup spark there\n")
