"""Airflow reads its settings when it is first imported: a home of its own comes before that."""

import os
import tempfile

from include.environment import ROOT

_home = tempfile.mkdtemp(prefix="streaming-airflow-")
os.environ |= {
    "AIRFLOW_HOME": _home,
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_home}/airflow.db",
    # Parsing the same file twice must give the same DAG, or every parse would be a new version.
    "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
}
