"""Airflow reads its settings when it is first imported: a home of its own comes before that."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from include.environment import ROOT, connections
from include.nodes import nodes

_home = tempfile.mkdtemp(prefix="streaming-airflow-")
os.environ |= {
    "AIRFLOW_HOME": _home,
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_home}/airflow.db",
    # Parsing the same file twice must give the same DAG, or every parse would be a new version.
    "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
    # dag.test() of Airflow 3.3.2 cannot read a deadline, and ends with an error of SQLAlchemy.
    "RUN_DEADLINE_MINUTES": "",
}


@pytest.fixture(scope="module")
def metadata_database() -> None:
    """Make Airflow's own database."""
    from airflow.utils import db

    db.initdb()


@pytest.fixture
def dag_environment(
    metadata_database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Mapping[str, str]], None]:
    """Return a function that sets the environment of a run on the databases of some settings."""

    def set_environment(env: Mapping[str, str]) -> None:
        settings = {"SOURCES": env.get("SOURCES", "played")}
        settings |= connections({**env, "AIRFLOW_DB_HOST": "", "AIRFLOW_DB_PORT": ""})
        settings |= {"GENERATE_USERS": "40", "GENERATE_TITLES": "12", "GENERATE_SESSIONS": "600"}
        settings |= {"DATA_ROOT": str(tmp_path / "data"), "DBT_PYTHON": sys.executable}
        settings |= {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
        for name, value in settings.items():
            if not name.startswith("AIRFLOW__"):
                monkeypatch.setenv(name, value)
        # One stands for all of dbt's nodes: in one process each takes half a second.
        monkeypatch.setattr("dags.pipeline.nodes.nodes", lambda: {"model": nodes()["model"][:1]})

    return set_environment
