"""What the DAG is: its tasks, their order, and how it behaves when it is parsed."""

import copy
import socket
from datetime import datetime, timedelta
from types import SimpleNamespace

import psycopg2
import psycopg2.errors
import pymongo.errors
import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout
from airflow.serialization.serialized_objects import DagSerialization
from bson.errors import InvalidBSON

from dags.pipeline.alerts import ApprovalAsked, note_cause, tell_failed_run
from include.dbt import SERVER_AWAY
from include.environment import ROOT
from include.errors import (
    DataQualityError,
    GuardError,
    InputError,
    StarInUseError,
    TransientError,
    UnexpectedError,
)
from include.nodes import is_node, nodes, task_id
from include.run import KNOWN

TASKS_OF_NODES = [task_id(unique_id) for unique_ids in nodes().values() for unique_id in unique_ids]
DOWNSTREAM = {
    "generate_source_files": {"load_csvs_to_postgres", "load_json_to_mongodb"},
    "create_mongodb_collections": {"load_csvs_to_postgres", "load_json_to_mongodb"},
    "create_postgres_tables": {
        "load_csvs_to_postgres",
        "load_json_to_mongodb",
        "extract_to_data_warehouse.load_postgres_table",
        "extract_to_data_warehouse.load_mongo_collection",
    },
    "load_json_to_mongodb": {
        "extract_to_data_warehouse.load_postgres_table",
        "extract_to_data_warehouse.load_mongo_collection",
    },
    "load_csvs_to_postgres": {
        "extract_to_data_warehouse.load_postgres_table",
        "extract_to_data_warehouse.load_mongo_collection",
    },
    "extract_to_data_warehouse.load_postgres_table": {"transform_with_dbt"},
    "extract_to_data_warehouse.load_mongo_collection": {"transform_with_dbt"},
    "transform_with_dbt": {"reconcile_sources", *TASKS_OF_NODES},
    "reconcile_sources": {"check_data_quality"},
    "check_data_quality": {"publish_trusted", "approve_publication"},
    "approve_publication": {"publish_trusted"},
    "publish_trusted": {"refresh_power_bi", "report_run"},
    "refresh_power_bi": set(),
    "report_run": set(),
    **{name: {"report_run"} for name in TASKS_OF_NODES},
}


@pytest.fixture(scope="module")
def bag():
    return DagBag(ROOT / "dags")


@pytest.fixture(scope="module")
def pipeline(bag):
    return bag.dags["video_streaming_elt_pipeline"]


def test_every_file_in_dags_is_imported(bag):
    # The last line of each says why.
    assert [error.strip().splitlines()[-1] for error in bag.import_errors.values()] == []
    assert set(bag.dags) == {
        "video_streaming_elt_pipeline",
        "daily_kpi_report",
        "video_streaming_lakehouse",
        "playback_streaming_health",
    }


def test_tasks_follow_one_another_as_designed(pipeline):
    assert {task.task_id: set(task.downstream_task_ids) for task in pipeline.tasks} == DOWNSTREAM


def test_pipeline_runs_daily_one_at_a_time_without_catching_up(pipeline):
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(pipeline))
    assert again.timetable.summary == "0 0 * * *"
    assert (pipeline.catchup, pipeline.max_active_runs) == (False, 1)


def test_people_can_trigger_with_an_empty_form(pipeline):
    # A parameter that must not be null leaves the form's button grey.
    assert {name: pipeline.params.get_param(name).resolve() for name in pipeline.params} == {
        "as_of": None,
        "mode": "incremental",
        "tables": None,
        "data_dir": None,
        "users": None,
        "titles": None,
        "sessions": None,
        "seed": None,
        "allow_mass_deletion": False,
        "quality_gate": "ask",
        "publish": "yes",
    }


def test_every_task_is_retried_and_limited_in_time(pipeline):
    for task in pipeline.tasks:
        assert task.retries >= 1, task.task_id
        # A person gets longer than a program.
        limit = getattr(task, "response_timeout", None) or task.execution_timeout
        assert limit <= timedelta(hours=12 if task.task_id == "approve_publication" else 1), task.task_id
        assert task.owner == "data-platform"
        assert task.retry_policy is not None, task.task_id


def test_extracts_and_dbt_are_heavy_and_every_queue_has_a_worker(bag, pipeline):
    extract = {name for name in pipeline.task_ids if name.startswith("extract_to_data_warehouse.")}
    heavy = {task.task_id for task in pipeline.tasks if task.queue == "heavy"}
    assert heavy == {*extract, "transform_with_dbt"}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    commands = [service.get("command", []) for service in services.values()]
    served = {command[-1] for command in commands if "--queues" in command}
    assert {task.queue for dag in bag.dags.values() for task in dag.tasks} == served


def test_every_failure_leaves_its_cause_for_the_one_alert_of_the_run(pipeline):
    assert pipeline.on_failure_callback is tell_failed_run
    for task in pipeline.tasks:
        assert list(task.on_failure_callback) == [note_cause], task.task_id


def test_people_read_in_the_ui_what_each_task_does_and_where_the_runbook_is(pipeline):
    for task in pipeline.tasks:
        does, _, if_red = task.doc_md.partition("\n\n")
        assert does.endswith("."), task.task_id
        assert if_red.endswith("Runbook: `docs/operations.md#a-run-failed`"), task.task_id
    assert [type(each) for each in pipeline.get_task("approve_publication").notifiers] == [ApprovalAsked]
    mapped = pipeline.get_task("extract_to_data_warehouse.load_postgres_table")
    assert mapped.doc_md.startswith("Load one table of the PostgreSQL source into raw.")


@pytest.mark.parametrize("error", [InputError, GuardError, DataQualityError])
def test_what_people_must_mend_is_not_retried(pipeline, error):
    for task in pipeline.tasks:
        assert task.retry_policy.evaluate(error("mend it"), 1, 3).action == RetryAction.FAIL, task.task_id
        assert task.retry_policy.evaluate(OSError("away"), 1, 3).action != RetryAction.FAIL, task.task_id


@pytest.mark.parametrize(
    "error",
    [
        TransientError("away"),
        StarInUseError("a reader"),
        psycopg2.OperationalError("connection refused"),
        psycopg2.errors.AdminShutdown(),
        psycopg2.errors.DeadlockDetected(),
        pymongo.errors.AutoReconnect(),
        AirflowTaskTimeout(),
        SystemExit(1),
        AirflowException(f"Bash command failed. The command returned a non-zero exit code {SERVER_AWAY}."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_by_itself_is_tried_again(pipeline, error):
    for task in pipeline.tasks:
        assert task.retry_policy.evaluate(error, 1, 3).action == RetryAction.RETRY, task.task_id
        decision = task.retry_policy.evaluate(exception=error, try_number=1, max_tries=3, context={})
        assert decision.action == RetryAction.RETRY, task.task_id


@pytest.mark.parametrize(
    "error",
    [
        UnexpectedError("told"),
        psycopg2.errors.ProgramLimitExceeded(),
        psycopg2.errors.AmbiguousColumn(),
        pymongo.errors.BulkWriteError({"writeErrors": [{"code": 52, "errmsg": "no"}]}),
        InvalidBSON("year 10000"),
        FileNotFoundError("users.csv"),
        ValueError("no"),
        # A person said no, or nothing: who asks again is a person.
        HITLRejectException("Reject"),
        HITLTimeoutError("Nobody answered"),
        AirflowException("Bash command failed. The command returned a non-zero exit code 1."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_everything_else_fails_at_once(pipeline, error):
    for task in pipeline.tasks:
        assert task.retry_policy.evaluate(error, 1, 3).action == RetryAction.FAIL, task.task_id


def test_a_trigger_may_say_what_the_form_has(pipeline):
    assert set(pipeline.params) == set(KNOWN)


def test_what_follows_a_task_that_may_be_skipped_does_not_follow_one_that_failed(pipeline):
    rules = {task.task_id: task.trigger_rule for task in pipeline.tasks if not task.is_teardown}
    # Its tasks before are none, or never skipped.
    assert {name for name, rule in rules.items() if rule == "all_success"} == {
        "create_postgres_tables",
        "check_data_quality",
        "approve_publication",
        "refresh_power_bi",
    }
    # Also after a build that failed, and not after one that was skipped: they say what became of it.
    told = {name for name, rule in rules.items() if rule == "none_skipped"}
    assert told == set(TASKS_OF_NODES)
    known = {"all_success", "none_failed", "none_failed_min_one_success", "none_skipped"}
    assert set(rules.values()) == known


def test_every_node_of_dbt_has_a_task_that_nothing_but_the_report_waits_for(pipeline):
    assert len(TASKS_OF_NODES) == len(set(TASKS_OF_NODES)) > 70
    for name in TASKS_OF_NODES:
        # One that does nothing would be green whatever dbt said.
        assert pipeline.get_task(name).python_callable.__name__ == "show_dbt_node"
    upstream = pipeline.get_task("publish_trusted").get_flat_relative_ids(upstream=True)
    assert not upstream & set(TASKS_OF_NODES)


def test_the_report_does_not_turn_a_failed_run_green(pipeline):
    report = pipeline.get_task("report_run")
    assert report.is_teardown
    # With it Airflow asks the teardown alone, and a failed load would end green.
    assert not report.on_failure_fail_dagrun
    assert report.trigger_rule == "all_done_setup_success"


def test_people_read_in_the_ui_what_the_pipeline_does(pipeline):
    words = (
        "as_of",
        "data_dir",
        "allow_mass_deletion",
        "quarantine",
        "reconcile",
        "trusted",
        "make rollback",
    )
    for word in words:
        assert word in pipeline.doc_md
    assert pipeline.tags == {"elt", "video-streaming", "tier-1"}


def test_dag_survives_serialization(pipeline):
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(pipeline))
    assert again.task_dict.keys() == pipeline.task_dict.keys()


def test_parsing_opens_no_connection(monkeypatch):
    def refuse(*arguments):
        raise AssertionError(f"the DAG file connects to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert DagBag(ROOT / "dags").import_errors == {}


def test_schedule_can_be_switched_off_and_backfills_still_have_days(monkeypatch):
    monkeypatch.setenv("PIPELINE_SCHEDULE", "")
    pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
    # What the scheduler reads from its database.
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(pipeline))
    assert stored.next_dagrun_info(last_automated_run_info=None) is None
    days = list(stored.iter_dagrun_infos_between(datetime(2024, 8, 1), datetime(2024, 8, 3, 23, 59, 59)))
    assert [f"{day.logical_date:%Y-%m-%d %H}" for day in days] == [f"2024-08-0{day} 00" for day in (1, 2, 3)]


def test_report_follows_the_star_and_waits_for_people_where_nothing_runs_by_itself(bag, monkeypatch):
    report = bag.dags["daily_kpi_report"]
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(report))
    assert [key.name for key, _ in again.timetable.asset_condition.iter_assets()] == ["trusted"]
    assert again.timetable.get_partition_mapper(name="trusted").to_downstream("2024-09-01") == "2024-09-01"
    assert (report.max_active_runs, report.is_paused_upon_creation) == (1, None)
    monkeypatch.setenv("PIPELINE_SCHEDULE", "")
    assert DagBag(ROOT / "dags").dags["daily_kpi_report"].is_paused_upon_creation


def test_loads_and_the_publication_are_where_assets_come_from(pipeline):
    made = {task.task_id: {asset.name for asset in task.outlets} for task in pipeline.tasks if task.outlets}
    assert made == {
        "extract_to_data_warehouse.load_postgres_table": {
            "raw.postgres_users",
            "raw.postgres_viewing_sessions",
        },
        "extract_to_data_warehouse.load_mongo_collection": {
            "raw.mongo_movies",
            "raw.mongo_series",
            "raw.mongo_content_genres",
            "raw.mongo_series_seasons",
        },
        "publish_trusted": {"trusted"},
    }


def test_dbt_command_reads_nothing_from_airflows_socket(pipeline):
    command = pipeline.get_task("transform_with_dbt").bash_command
    assert command.startswith("exec </dev/null\n")
    assert " build " in command


def test_a_run_with_full_refresh_hands_the_option_to_dbt(pipeline, monkeypatch):
    task = copy.copy(pipeline.get_task("transform_with_dbt"))
    # It asks the warehouse for the state of raw, and what an earlier attempt left.
    task.env = {}
    macros = pipeline.user_defined_macros | {"before_dbt_builds": lambda *_: ""}
    monkeypatch.setattr(pipeline, "user_defined_macros", macros)
    context = {"params": {"mode": "full refresh"}, "run_id": "manual__1", "ti": SimpleNamespace(try_number=1)}
    task.render_template_fields(context, pipeline.get_template_env())
    assert task.bash_command.endswith(" --full-refresh")


def test_graph_reads_as_a_sentence(pipeline):
    found = pipeline.task_group.get_task_group_dict()
    # dbt's nodes are a list of names, in a group of their own.
    groups = [group for name, group in found.items() if name and not is_node(f"{name}.")]
    said = {group.group_display_name: set(group.children) for group in groups}
    assert said == {
        "play the product": {
            "generate_source_files",
            "create_mongodb_collections",
            "load_json_to_mongodb",
            "load_csvs_to_postgres",
        },
        "extract to the warehouse": {
            "extract_to_data_warehouse.load_postgres_table",
            "extract_to_data_warehouse.load_mongo_collection",
        },
        "build the star": {"transform_with_dbt", "dbt_nodes"},
        "judge it": {"reconcile_sources", "check_data_quality", "approve_publication"},
        "publish it": {"publish_trusted", "refresh_power_bi"},
    }
    assert found["dbt_nodes"].group_display_name == "dbt's nodes"
    assert set(found["dbt_nodes"].children) == {f"dbt_nodes.{kind}s" for kind in nodes()}
