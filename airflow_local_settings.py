"""The cluster policy: what every task of every DAG must have, or Airflow refuses the DAG and says what to do.

Airflow imports this file by its name: the project's folder is on PYTHONPATH wherever Airflow runs. So it is
also where the scheduler, a worker or the dag-processor imports once what each task, or each parsing of a DAG,
would: they are its forks.
"""

import os
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

from airflow.exceptions import AirflowClusterPolicyViolation

from dags.pipeline.pods import add_pod

__all__ = ["task_policy"]

TIERS = ("tier-1", "tier-2", "tier-3")
RUNBOOK = re.compile(r"docs/[\w-]+\.md#[\w-]+")
# Whom Airflow names where the author of a DAG names nobody.
NOBODY = "airflow"
LONGEST = timedelta(hours=12)
# Not the project's own modules: somebody who changes one need not start the scheduler again.
OF_TASKS = ("bson", "dotenv", "psycopg2", "pymongo", "requests", "tabulate")

if sys.argv[1:2] in (["scheduler"], ["celery"], ["dag-processor"]):
    for name in OF_TASKS:
        import_module(name)


def task_policy(task) -> None:
    """Raise AirflowClusterPolicyViolation with everything that the task lacks, and how it gets that.

    Where tasks have pods, give it the size of its own.
    """
    if lacks := "; ".join(_lacks(task)):
        raise AirflowClusterPolicyViolation(
            f"{task.dag_id}.{task.task_id} breaks the policy of airflow_local_settings.py: {lacks}"
        )
    add_pod(task, os.environ)


def _lacks(task) -> Iterator[str]:
    if task.owner.strip() in ("", NOBODY):
        yield "it has no owner; take DEFAULT_ARGS of dags/pipeline/retries.py"
    if len(task.dag.tags & set(TIERS)) != 1:
        yield f"its DAG has no tier, or several; give it one tag of {', '.join(TIERS)}"
    first_line, *others = (task.doc_md or "").splitlines() or [""]
    if not first_line.strip():
        yield "its doc_md does not say what it does; give its function a docstring, or the operator a doc_md"
    if not RUNBOOK.search(" ".join(others)):
        yield "its doc_md names no runbook; wrap the DAG in `described` of dags/pipeline/described.py"
    if task.retries < 1:
        yield "it is never tried again; set retries to 1 or more, retry_policy says for which errors"
    # One that asks a person waits without a worker, by a limit of its own.
    limit = getattr(task, "response_timeout", None) or task.execution_timeout or timedelta()
    if not timedelta() < limit <= LONGEST:
        yield f"it may hang for ever; set execution_timeout, to {LONGEST} at most"
