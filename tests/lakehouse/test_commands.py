"""The commands behind `make lake...`, as processes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from include.environment import ROOT
from lakehouse.lake import Lake
from lakehouse.settings import LakeSettings
from tests.lakehouse.conftest import Follower
from tests.lakehouse.test_files import write

Command = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return a function that runs a command of the lake with these arguments and variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
        env = {"PATH": os.environ["PATH"], "LAKE": str(tmp_path / "lake"), **variables}
        line = [sys.executable, "-m", "lakehouse", *arguments]
        return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    return run


def test_files_are_loaded_published_and_asked_for_by_version_and_time(command: Command, tmp_path: Path):
    write(tmp_path / "files")
    loaded = command("load", "--data-dir", str(tmp_path / "files"))
    assert loaded.stdout.splitlines()[1].split() == ["postgres_users", "6", "14", "6", "0"]
    assert command("publish").stdout == "Readers see publication 1\n"
    query = "-- how many\nselect count(*) as users, null as nothing from silver.postgres_users"
    for as_of in ([], ["--as-of", "1"], ["--as-of", "2100-01-01"]):
        assert command("sql", query, *as_of).stdout == "users,nothing\n6,\n"
    assert command("sql", query, "--as-of", "2020-01-01").stderr.startswith(
        "Nothing was published at 2020-01-01"
    )
    assert command("sql", query, "--as-of", "yesterday").returncode == 2
    assert "silver.postgres_users                        version 2" in command("sql").stdout
    history = command("history", "silver.postgres_users").stdout.splitlines()
    assert [line.split()[0] for line in history] == ["2", "1", "0"]
    assert command("restore", "silver.postgres_users", "1").stdout.endswith("again as in version 1\n")
    assert command("sql", query).stdout == "users,nothing\n0,\n"
    assert command("rollback").stdout == "Readers see publication 3\n"
    assert command("sql", query).stdout == "users,nothing\n6,\n"
    assert "silver.postgres_users" in command("maintain").stdout


def test_a_task_reads_the_warehouse_that_dbt_reads(follower: Follower, command: Command):
    loaded = command("load", **follower.platform.dbt_env())
    assert loaded.stdout.splitlines()[2].split() == ["postgres_viewing_sessions", "30", "0", "30", "0"]
    assert loaded.stderr == ""


def counts(root: Path) -> dict[str, int]:
    """Return how many rows each table of a lake has."""
    lake = Lake(LakeSettings(str(root), 30, {}))
    return {name: lake.open(name).to_pyarrow_table().num_rows for name in lake.tables()}


@pytest.mark.parametrize("seconds", [0.8, 1.2, 1.6, 2.0, 2.6])
def test_after_a_kill_at_any_moment_the_next_load_is_whole(command: Command, tmp_path: Path, seconds: float):
    write(tmp_path / "files")
    line = [sys.executable, "-m", "lakehouse", "load", "--data-dir", str(tmp_path / "files")]
    env = {"PATH": os.environ["PATH"], "LAKE": str(tmp_path / "lake")}
    with subprocess.Popen(line, cwd=ROOT, env=env, stdout=subprocess.DEVNULL) as loading:
        time.sleep(seconds)
        loading.kill()
    assert command("load", *line[-2:]).returncode == 0
    command("load", *line[-2:], LAKE=str(tmp_path / "other"))
    assert len(counts(tmp_path / "other")) == 13
    assert counts(tmp_path / "lake") == counts(tmp_path / "other")


def test_a_mistake_is_told_in_a_sentence(command: Command, tmp_path: Path):
    for arguments, words in (
        (["sql", "select 1"], "Nothing is published yet"),
        (["history", "silver.nothing"], "has no table silver.nothing"),
        (["load", "--data-dir", str(tmp_path)], "there is no users.csv"),
        (["rollback"], "There is no publication before"),
    ):
        said = command(*arguments)
        assert (said.returncode, said.stdout) == (1, "")
        assert words in said.stderr
        assert "Traceback" not in said.stderr


def test_no_secret_is_told_when_s3_cannot_be_reached(command: Command):
    login = {"LAKE_ACCESS_KEY_ID": "a-key-id", "LAKE_SECRET_ACCESS_KEY": "a-secret-of-s3"}
    said = command("publish", LAKE="s3://bucket/lake", LAKE_ENDPOINT="http://127.0.0.1:1", **login)
    assert said.returncode != 0
    assert "a-secret-of-s3" not in said.stdout + said.stderr
