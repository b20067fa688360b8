"""The lakehouse's DAG: what it follows, its tasks, and that it waits for people where there is no lake."""

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, RetryAction
from airflow.sdk.exceptions import AirflowException
from airflow.serialization.serialized_objects import DagSerialization

from dags.pipeline.alerts import note_cause, tell_failed_run
from include.dbt import SERVER_AWAY
from include.environment import ROOT

NAME = "video_streaming_lakehouse"
FAILED = "Bash command failed. The command returned a non-zero exit code {}."


def parsed() -> DAG:
    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}
    return bag.dags[NAME]


@pytest.fixture
def lakehouse(monkeypatch: pytest.MonkeyPatch) -> DAG:
    monkeypatch.setenv("LAKE", "/lake")
    return parsed()


def test_it_loads_builds_and_publishes_one_run_at_a_time_after_each_star(lakehouse: DAG) -> None:
    assert {task.task_id: set(task.downstream_task_ids) for task in lakehouse.tasks} == {
        "load_silver": {"build_gold"},
        "build_gold": {"publish_lake"},
        "publish_lake": set(),
    }
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(lakehouse))
    assert [key.name for key, _ in stored.timetable.asset_condition.iter_assets()] == ["trusted"]
    assert stored.timetable.get_partition_mapper(name="trusted").to_downstream("2024-09-01") == "2024-09-01"
    assert lakehouse.max_active_runs == 1
    assert lakehouse.on_failure_callback is tell_failed_run
    assert lakehouse.tags == {"elt", "video-streaming", "lakehouse", "tier-2"}


def test_it_waits_for_people_where_there_is_no_lake_or_nothing_runs_by_itself(
    lakehouse: DAG, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lakehouse.is_paused_upon_creation is None
    monkeypatch.setenv("PIPELINE_SCHEDULE", "")
    assert parsed().is_paused_upon_creation
    monkeypatch.delenv("PIPELINE_SCHEDULE")
    monkeypatch.setenv("LAKE", "")
    assert parsed().is_paused_upon_creation


def test_every_task_has_what_people_and_the_policy_ask_for(lakehouse: DAG) -> None:
    for task in lakehouse.tasks:
        assert task.bash_command.startswith("exec </dev/null\n"), task.task_id
        assert (task.cwd, task.append_env, task.owner) == (str(ROOT), True, "data-platform"), task.task_id
        assert list(task.on_failure_callback) == [note_cause], task.task_id
        assert task.doc_md.endswith("Runbook: `docs/operations.md#a-run-failed`"), task.task_id
        for code, action in ((SERVER_AWAY, RetryAction.RETRY), (1, RetryAction.FAIL)):
            error = AirflowException(FAILED.format(code))
            assert task.retry_policy.evaluate(error, 1, 3).action == action, task.task_id


def test_the_setting_says_which_engine_builds_gold(lakehouse: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    sail = lakehouse.get_task("build_gold").bash_command
    assert ".venv-lake/bin/python -m lakehouse gold" in sail
    monkeypatch.setenv("LAKE_ENGINE", "spark")
    spark = parsed().get_task("build_gold").bash_command
    assert ".venv-spark/bin/python -m lakehouse.spark.gold build --exclude-resource-type unit_test" in spark
    assert parsed().get_task("load_silver").bash_command == lakehouse.get_task("load_silver").bash_command
