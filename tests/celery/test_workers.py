"""The pipeline on Celery's workers: the same star as by LocalExecutor, each task on its queue, workers killed.

Scenario: the second test goes on where the first ended.
"""

import time
from contextlib import closing

from psycopg2.extensions import connection as Connection

from include.publish.schema_marker import NEXT, read_marker
from include.transaction import transaction
from tests.celery.conftest import DAY, QUEUES, Workers

HEAVY = {"load_postgres_table", "load_mongo_collection", "transform_with_dbt"}
PATIENCE_SECONDS = 60


def test_star_is_that_of_local_executor_and_each_task_ran_on_its_queue(workers: Workers) -> None:
    workers.run()
    assert workers.expected["fct_viewing_sessions"][0] > 500
    assert workers.star() == workers.expected
    assert {name.rpartition(".")[2] for name in workers.has_taken("heavy")} == HEAVY
    assert workers.has_taken("default") >= {"generate_source_files", "reconcile_sources", "publish_trusted"}


def test_run_whose_workers_are_killed_while_dbt_builds_ends_right(workers: Workers) -> None:
    run_id = workers.airflow.trigger(DAY, full_refresh=True)
    _wait_until_dbt_builds(workers)
    for queue in QUEUES:
        workers.kill(queue)
        workers.start(queue)
    assert workers.airflow.wait(run_id) == "success", workers.airflow.states(run_id)
    assert workers.airflow.task(run_id, "transform_with_dbt")["try_number"] == 2
    assert workers.star() == workers.expected


def _wait_until_dbt_builds(workers: Workers) -> None:
    """Wait until dbt has begun with another star, and marked it so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(workers.platform.connect("dbt_transformer")) as warehouse:
        while _state_of_next(warehouse) != "building":
            assert time.monotonic() < deadline, workers.has_taken("heavy")
            time.sleep(0.1)


def _state_of_next(warehouse: Connection) -> str | None:
    with transaction(warehouse) as cursor:
        return read_marker(cursor, NEXT).get("state")
