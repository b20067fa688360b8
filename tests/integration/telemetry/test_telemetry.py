"""What a receiver gets of a run: lineage of its tables, and Airflow's metrics; and one that is away.

Scenario: a demo in a copy of the project that tells a receiver everything, then one whose receiver is gone.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.embedded.processes import free_port
from include.inherited import inherited
from include.nodes import is_node
from include.tables import SOURCES_BY_NAME, raw_tables
from tests.integration.telemetry.receiver import Receiver, receive
from tests.project_copy import copy_of_small_size

SERVICE = "video_streaming_elt"
DAG = "video_streaming_elt_pipeline"
EXTRACT = f"{DAG}.extract_to_data_warehouse"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    server = receive(found)
    yield found
    server.shutdown()


@pytest.fixture(scope="module")
def project(receiver: Receiver) -> Iterator[Path]:
    """A copy with a demo that has told the receiver everything."""
    addresses = {"OPENLINEAGE_URL": receiver.url, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    copy = copy_of_small_size("streaming-telemetry-", **addresses)
    done = _run(copy, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    yield copy
    _run(copy, "reset")
    shutil.rmtree(copy)


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=project, env=inherited(), capture_output=True, text=True, check=False)


@pytest.fixture
def told(project: Path, receiver: Receiver) -> dict[str, list[dict]]:
    """The events of the demo by job, and no others."""
    jobs: dict[str, list[dict]] = {}
    for event in receiver.events():
        assert event["job"]["namespace"] == SERVICE
        jobs.setdefault(event["job"]["name"], []).append(event)
    # Of a node that was marked Airflow tells the end alone.
    return {job: events for job, events in jobs.items() if not is_node(job.removeprefix(f"{DAG}."))}


def _tables(events: list[dict], side: str) -> set[str]:
    return {one["name"] for event in events if event["eventType"] == "COMPLETE" for one in event[side]}


def test_run_and_each_task_begin_and_end_once(told):
    for job, events in told.items():
        begun, ended = (
            {one["run"]["runId"] for one in events if one["eventType"] == kind}
            for kind in ("START", "COMPLETE")
        )
        assert begun == ended, job
        assert len(events) == 2 * len(begun), job
    assert len(told[DAG]) == 2
    assert len(told[f"{EXTRACT}.load_postgres_table"]) == 2 * 2
    # Thirteen tasks and the run; nobody was asked.
    assert len(told) == 14


def test_lineage_goes_from_the_sources_to_what_readers_see(told):
    users, sessions = (SOURCES_BY_NAME[name] for name in ("users", "viewing_sessions"))
    of_postgres = told[f"{EXTRACT}.load_postgres_table"]
    assert _tables(of_postgres, "inputs") == {"streaming.public.users", "streaming.public.viewing_sessions"}
    assert _tables(of_postgres, "outputs") == {f"warehouse.raw.{one.raw}" for one in (users, sessions)}
    of_mongo = told[f"{EXTRACT}.load_mongo_collection"]
    assert _tables(of_mongo, "inputs") == {"streaming.content"}
    raw = {f"warehouse.raw.{name}" for name in raw_tables()}
    assert _tables(of_postgres, "outputs") | _tables(of_mongo, "outputs") == raw
    built, published = told[f"{DAG}.transform_with_dbt"], told[f"{DAG}.publish_trusted"]
    assert _tables(built, "inputs") == raw
    assert "warehouse.trusted_next.fct_viewing_sessions" in _tables(built, "outputs")
    assert _tables(published, "inputs") == _tables(built, "outputs")
    seen = {name.replace("trusted_next", "trusted") for name in _tables(built, "outputs")}
    assert _tables(published, "outputs") == seen


def test_tables_are_on_the_server_where_they_are(project, told):
    (event, *_) = [one for one in told[f"{EXTRACT}.load_mongo_collection"] if one["eventType"] == "COMPLETE"]
    assert [one["namespace"].partition("127.0.0.1:")[0] for one in event["inputs"]] == ["mongodb://"]
    assert {one["namespace"].partition("127.0.0.1:")[0] for one in event["outputs"]} == {"postgres://"}


def test_no_secret_and_no_code_leaves_with_an_event(project, receiver):
    lines = (project / ".env").read_text().splitlines()
    secrets = [
        value for name, _, value in (line.partition("=") for line in lines) if name.endswith("_PASSWORD")
    ]
    sent = b"".join(receiver.bodies["/api/v1/lineage"]).decode()
    assert len(secrets) >= 8
    assert [secret for secret in secrets if secret in sent] == []
    assert "sourceCode" not in sent


def test_metrics_of_airflow_are_readable(project, receiver):
    metrics = list(receiver.metrics(SERVICE))
    beats = [
        one.sum.data_points[0].as_int or one.sum.data_points[0].as_double
        for one in metrics
        if one.name == "airflow.scheduler_heartbeat"
    ]
    assert max(beats) >= 1
    durations = [one for one in metrics if one.name == "airflow.dagrun.duration.success"]
    (point, *_) = durations[-1].exponential_histogram.data_points
    assert point.count == 1
    # Milliseconds of the run.
    assert 1_000 < point.sum < 600_000


@pytest.mark.nightly
def test_run_goes_well_while_the_receiver_is_away(project):
    text = (project / ".env").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("OPENLINEAGE_URL", "OTEL_"))]
    away = f"http://127.0.0.1:{free_port()}"
    lines += [f"OPENLINEAGE_URL={away}", f"OTEL_EXPORTER_OTLP_ENDPOINT={away}"]
    (project / ".env").write_text("\n".join(lines) + "\n")
    done = _run(project, "demo", "--as-of", "2024-09-02")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Readers see version 2 (as of 2024-09-02" in done.stdout
