"""A run whose process is killed while dbt builds: Dagster's daemon begins it again, and it ends right."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import pytest
import requests

from cli.dagster import dagster, environment
from include.dbt import BATCH_VARIABLE
from tests.conftest import new_platform
from tests.dagster_project.conftest import SETTINGS
from tests.dagster_project.runs import DAY, PIPELINE

SECONDS = 240
LAUNCH = """
mutation ($run: ExecutionParams!) {
  launchRun(executionParams: $run) { ... on LaunchRunSuccess { run { runId } } }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId rootRunId status } } } }"
OVER = {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.fixture
def served(servers, tmp_path, monkeypatch):
    """Return the databases, and what asks a Dagster that works on them."""
    platform = new_platform(servers)
    platform.env |= {name: value for name, value in SETTINGS.items() if name.startswith("GENERATE_")}
    data = {"DATA_ROOT": str(tmp_path / "data")}
    monkeypatch.setattr("cli.dagster.environment", lambda home, env: environment(home, env) | data)
    with dagster(tmp_path, platform.env) as url:

        def ask(query: str, **variables: object) -> dict:
            body = {"query": query, "variables": variables}
            return requests.post(f"{url}/graphql", json=body, timeout=60).json()["data"]

        yield platform, ask
    platform.close()


def test_a_run_that_is_killed_in_the_middle_begins_again_and_publishes_once(served):
    platform, ask = served
    place = {"repositoryName": "__repository__", "repositoryLocationName": "dagster_project.definitions"}
    run = {
        "selector": {**place, "jobName": PIPELINE},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": DAY}]},
    }
    first = ask(LAUNCH, run=run)["launchRun"]["run"]["runId"]
    wait_for(lambda: dbt_of(f"dagster__{first}")).parent().kill()

    def again() -> list[dict]:
        found = ask(RUNS)["runsOrError"]["results"]
        return [one for one in found if one["rootRunId"] == first and one["status"] in OVER]

    (second,) = wait_for(again)
    assert second["status"] == "SUCCESS"
    published = platform.query("elt_loader", "select version, batch_id, as_of::text from ops.publications")
    assert published == [(1, f"dagster__{first}", DAY)]
    (live,) = platform.query(
        "elt_loader", "select count(*) from raw.postgres_viewing_sessions where _deleted_at is null"
    )
    assert platform.query("bi_reader", "select count(*) from trusted.fct_viewing_sessions") == [live]
    assert dbt_of(f"dagster__{first}") is None


def dbt_of(batch_id: str) -> psutil.Process | None:
    """Return the dbt that builds for the batch."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "build" in process.cmdline() and process.environ().get(BATCH_VARIABLE) == batch_id:
                return process
    return None


def wait_for(look: Callable[[], Any]) -> Any:
    """Return what is found at last."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)
    return found
