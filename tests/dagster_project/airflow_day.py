"""Run the DAG for one day in one process, to compare with: python -m tests.dagster_project.airflow_day DAY.

Airflow's environment and that of its tasks is the caller's.
"""

import sys
from datetime import datetime
from unittest.mock import patch


def main(day: str) -> int:
    """Return 0 when the run ended well."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils import db

    from include.environment import ROOT
    from include.nodes import nodes
    from tests.dags.runs import run_without_nodes

    db.initdb()
    # One stands for all of dbt's nodes: in one process each takes half a second.
    with patch("dags.pipeline.nodes.nodes", lambda: {"model": nodes()["model"][:1]}):
        pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
        run = run_without_nodes(pipeline, logical_date=datetime.fromisoformat(f"{day}T00:00:00+00:00"))
    return int(run.state != "success")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
