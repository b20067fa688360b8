"""The DAG that watches streaming: when it looks, whom it tells, and that it waits where nobody streams."""

from datetime import timedelta

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, RetryAction
from airflow.serialization.serialized_objects import DagSerialization

from dags.pipeline.alerts import note_cause, tell_outage
from include.environment import ROOT
from include.errors import StreamBehindError, TransientError


def parsed() -> DAG:
    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}
    return bag.dags["playback_streaming_health"]


@pytest.fixture
def health(monkeypatch: pytest.MonkeyPatch) -> DAG:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    return parsed()


def test_it_looks_every_five_minutes_and_a_run_ends_before_the_next(health: DAG) -> None:
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(health))
    assert stored.timetable.summary == "*/5 * * * *"
    assert (health.catchup, health.max_active_runs) == (False, 1)
    assert health.tags == {"elt", "video-streaming", "streaming", "tier-2"}
    (task,) = health.tasks
    tries = task.retries + 1
    assert tries * task.execution_timeout + task.retries * task.retry_delay < timedelta(minutes=5)


def test_an_outage_fails_at_once_and_is_told_once(health: DAG) -> None:
    assert health.on_failure_callback is tell_outage
    (task,) = health.tasks
    assert (task.task_id, list(task.on_failure_callback)) == ("check_streaming", [note_cause])
    assert task.doc_md.endswith("Runbook: `docs/operations.md#a-run-failed`")
    assert task.retry_policy.evaluate(StreamBehindError(), 1, 3).action == RetryAction.FAIL
    assert task.retry_policy.evaluate(TransientError(), 1, 3).action == RetryAction.RETRY


def test_it_waits_for_people_where_nobody_streams_or_nothing_runs_by_itself(
    health: DAG, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.is_paused_upon_creation is None
    monkeypatch.setenv("PIPELINE_SCHEDULE", "")
    assert parsed().is_paused_upon_creation
    monkeypatch.delenv("PIPELINE_SCHEDULE")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    assert parsed().is_paused_upon_creation
