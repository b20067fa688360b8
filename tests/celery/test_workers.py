"""The pipeline on Celery's workers, all killed meanwhile: LocalExecutor's star, each task on its queue.

Scenario: one run, whose workers are killed while dbt builds; then what it left is looked at.
"""

import time
from contextlib import closing

import pytest
from psycopg2.extensions import connection as Connection

from cli.patience import patiently
from include.publish.schema_marker import NEXT, read_marker
from include.transaction import transaction
from tests.celery.conftest import DAY, QUEUES, Celery

HEAVY = {"load_postgres_table", "load_mongo_collection", "transform_with_dbt"}
PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def run_id(celery: Celery) -> str:
    """A run that has ended, and whose workers were killed with SIGKILL while dbt was building."""
    run_id = celery.airflow.trigger(DAY)
    _wait_until_dbt_builds(celery)
    for queue in QUEUES:
        celery.workers.kill(queue)
        celery.workers.start(queue)
    # Beside two workers that start an api-server may be slow to answer.
    patiently(celery.airflow.wait, run_id)
    return run_id


def test_run_whose_workers_are_killed_in_mid_task_ends_with_the_star_of_local_executor(
    celery: Celery, run_id: str
) -> None:
    assert celery.airflow.api.run_state(run_id) == "success", celery.airflow.states(run_id)
    assert celery.airflow.task(run_id, "transform_with_dbt")["try_number"] == 2
    assert celery.expected["fct_viewing_sessions"][0] > 500
    assert celery.star() == celery.expected


def test_each_task_ran_on_the_worker_of_its_queue(celery: Celery, run_id: str) -> None:
    heavy, default = (celery.workers.has_taken(queue) for queue in ("heavy", "default"))
    assert {name.rpartition(".")[2] for name in heavy} == HEAVY
    assert default >= {
        "generate_source_files",
        "load_csvs_to_postgres",
        "reconcile_sources",
        "publish_trusted",
    }
    assert not default & heavy


def _wait_until_dbt_builds(celery: Celery) -> None:
    """Wait until dbt has begun with a star, and marked it so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(celery.platform.connect("dbt_transformer")) as warehouse:
        while _state_of_next(warehouse) != "building":
            assert time.monotonic() < deadline, celery.workers.has_taken("heavy")
            time.sleep(0.1)


def _state_of_next(warehouse: Connection) -> str | None:
    with transaction(warehouse) as cursor:
        return read_marker(cursor, NEXT).get("state")
