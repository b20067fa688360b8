"""Judges of lessons about dbt: its own unit tests, and keys of a model whose rows become more.

Run in a lesson's copy alone: the project's own tests ask the same in long builds of all models.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.dbt import start_dbt
from tests.conftest import Platform
from tests.dbt_project.days import user
from tests.dbt_project.star import load

DAY = date(2024, 3, 1)
LOADED = datetime(2024, 3, 1, 6, tzinfo=UTC)
UNIT_TESTS = ("--exclude-resource-type", "test")
NO_TESTS = ("--exclude-resource-types", "test", "unit_test")
ANOTHER_USER = """
insert into snapshots.users_snapshot
select (jsonb_populate_record(known, '{"user_id": "U0001"}')).* from snapshots.users_snapshot as known
where user_id = 'U0002'
"""
CLOCK = re.compile(r"^\d\d:\d\d:\d\d *")
KEYS = "select user_id, user_key from ({model}) as versions where user_id > 'U0001'"
Build = Callable[..., Path]


@pytest.fixture
def build(platform: Platform, tmp_path: Path) -> Build:
    """Return a function that builds a model and what it is made of, and returns the folder of dbt's SQL.

    It fails with dbt's words from the first failure on.
    """

    def build(model: str, *options: str) -> Path:
        command = ("build", "--select", f"+{model}", *options)
        with start_dbt(*command, settings=platform.dbt_env(), work_dir=tmp_path) as dbt:
            lines = [CLOCK.sub("", line) for line in dbt.communicate()[0].splitlines()]
        first = next((number for number, line in enumerate(lines) if "Failure in" in line), 0)
        assert dbt.returncode == 0, "\n".join(line for line in lines[first:] if line)
        return tmp_path / "target" / "compiled" / "video_streaming" / "models"

    return build


@pytest.mark.parametrize("model", ["int_viewing_sessions_keyed", "fct_viewing_sessions"])
def test_unit_tests_of_dbt(build: Build, model: str):
    build(model, *UNIT_TESTS)


def test_a_user_keeps_the_key_when_another_one_comes(platform: Platform, build: Build):
    def keys() -> dict[str, int]:
        return dict(platform.query("dbt_transformer", KEYS.format(model=model)))

    load(platform, DAY, {"postgres_users": [user("U0002"), user("U0003")]}, LOADED)
    model = (build("int_users_versioned", *NO_TESTS) / "intermediate" / "int_users_versioned.sql").read_text()
    before = keys()
    assert len(before) == 2
    platform.query("dbt_transformer", ANOTHER_USER)
    assert keys() == before
