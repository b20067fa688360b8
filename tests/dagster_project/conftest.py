"""Dagster's runs in memory and on the session's servers."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from include.environment import pipeline_variables
from tests.conftest import Platform, new_platform
from tests.dagster_project.runs import Runner

# Airflow and dbt read theirs when they are first imported.
_home = Path(tempfile.mkdtemp(prefix="streaming-dagster-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
SETTINGS = {
    "AIRFLOW_HOME": str(_home / "airflow"),
    "DAGSTER_HOME": str(_home),
    "DBT_TARGET_PATH": str(_home / "dbt" / "target"),
    "PIPELINE_SCHEDULE": "@daily",
    "SOURCES": "played",
    "GENERATE_USERS": "40",
    "GENERATE_TITLES": "12",
    "GENERATE_SESSIONS": "600",
}
os.environ |= SETTINGS


@pytest.fixture(scope="session")
def definitions() -> dg.Definitions:
    """What Dagster loads."""
    from dagster_project.definitions import defs

    return defs


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that remembers nothing of other tests."""
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def runner(
    servers: dict[str, str], definitions: dg.Definitions, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Runs on fresh databases, for tests whose steps build on each other."""
    platform = new_platform(servers)
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in settings_of(platform, tmp_path_factory.mktemp("data")).items():
            patch.setenv(name, value)
        yield Runner(definitions, instance, platform)
    platform.close()


def settings_of(platform: Platform, folder: Path) -> dict[str, str]:
    """Return the environment of runs on these databases, with their files in the folder."""
    return SETTINGS | pipeline_variables(platform.env) | {"DATA_ROOT": str(folder)}
