"""What Airflow shows of dbt's nodes: after a good build, a failed one, its second attempt, and kills.

Scenario: the tests follow one another on one Airflow.
"""

import json

import pytest

from benchmarks.killing import kill_in_a_run, plans, planted
from include.nodes import is_node, nodes, task_id
from include.ops.load_runs import STATE_OF_RAW
from tests.running_airflow import Airflow

pytestmark = pytest.mark.nightly
MARKER = "select obj_description(to_regnamespace(%s), 'pg_namespace')"
KILLS, SEED = 3, 7


def shown(airflow: Airflow, run_id: str) -> dict[str, dict]:
    """Return the task instances of dbt's nodes by task."""
    return {task["task_id"]: task for task in airflow.api.instances(run_id) if is_node(task["task_id"])}


def named(airflow: Airflow, run_id: str, state: str) -> set[str]:
    found = shown(airflow, run_id).items()
    return {task.rpartition(".")[2] for task, instance in found if instance["state"] == state}


def marker(airflow: Airflow, schema: str) -> dict:
    ((comment,),) = airflow.query("dbt_transformer", MARKER, schema)
    return json.loads(comment)


@pytest.fixture(scope="module")
def failed(airflow: Airflow) -> str:
    """A run in which a model failed, after one that was good."""
    good = airflow.trigger("2024-09-01")
    assert airflow.wait(good) == "success", airflow.states(good)
    states = {task: instance["state"] for task, instance in shown(airflow, good).items()}
    assert states == {task_id(node): "success" for ids in nodes().values() for node in ids}
    notes = {task.rpartition(".")[2]: instance["note"] for task, instance in shown(airflow, good).items()}
    ((rows,),) = airflow.query("bi_reader", "select count(*) from trusted.dim_users")
    assert f" s, {rows} rows, INSERT 0 {rows}" in notes["dim_users"]
    with planted(airflow.env):
        run_id = airflow.trigger("2024-09-01", mode="full refresh")
        assert airflow.wait(run_id) == "failed", airflow.states(run_id)
    return run_id


def test_a_model_that_failed_is_red_and_what_it_stops_was_not_run(airflow, failed):
    assert named(airflow, failed, "failed") == {"dim_devices"}
    instance = shown(airflow, failed)["dbt_nodes.models.dim_devices"]
    assert "planted" in instance["note"]
    skipped = named(airflow, failed, "skipped")
    assert "mart_device_quality_mix" in skipped
    assert len(named(airflow, failed, "success")) + len(skipped) + 1 == 81
    states = airflow.states(failed)
    assert (states["transform_with_dbt"], states["publish_trusted"]) == ("failed", "upstream_failed")
    ended = airflow.task(failed, "report_run")
    assert ended["state"] == "success"
    assert ended["start_date"] > max(each["end_date"] for each in shown(airflow, failed).values())


def test_a_second_attempt_runs_only_what_failed_and_its_star_is_whole(airflow, failed):
    first = marker(airflow, "trusted_next")
    ((raw,),) = airflow.query("elt_loader", STATE_OF_RAW)
    airflow.api.clear(failed, ["transform_with_dbt"], include_downstream=True)
    assert airflow.wait(failed) == "success", airflow.states(failed)
    log = airflow.api.task_log(failed, airflow.task(failed, "transform_with_dbt"))
    said = "\n".join(str(line["event"]) for line in log)
    # The model, the mart that it stopped, and their tests.
    assert "Of 86 nodes 10 are run again" in said
    assert "2 table models" in said
    assert len(named(airflow, failed, "success")) == 81
    assert "INSERT 0" in shown(airflow, failed)["dbt_nodes.models.dim_devices"]["note"]
    assert "INSERT 0" in shown(airflow, failed)["dbt_nodes.models.dim_users"]["note"]
    recorded = "select unique_id, invocation_id from ops.dbt_runs where batch_id = %s and status = 'success'"
    invocations = dict(airflow.query("elt_loader", recorded, failed))
    assert invocations["model.video_streaming.dim_users"] == first["invocation_id"]
    assert invocations["model.video_streaming.dim_devices"] != first["invocation_id"]
    published = marker(airflow, "trusted")
    assert (first["state"], published["state"], published["raw"]) == ("unfit", "published", raw)
    assert published["invocation_id"] == invocations["model.video_streaming.dim_devices"]


def test_a_build_that_was_skipped_skips_its_nodes(airflow, failed):
    run_id = airflow.trigger("2024-09-01")
    assert airflow.wait(run_id) == "success", airflow.states(run_id)
    assert airflow.states(run_id)["transform_with_dbt"] == "skipped"
    assert len(named(airflow, run_id, "skipped")) == 81


@pytest.mark.parametrize("kill", plans(SEED, KILLS), ids=lambda kill: kill.victim)
def test_after_a_kill_airflow_shows_what_dbt_says(airflow, failed, kill):
    outcome = kill_in_a_run(airflow.api, airflow.env, airflow.home, kill)
    assert outcome.is_true, (kill, outcome)
