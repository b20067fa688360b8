"""The tasks that stand for dbt's nodes: which there are, and how their states are shown all at once.

Data flow: nodes.txt -> tasks of the DAG; dbt's results -> states and notes over Airflow's REST API. A request
for a whole group costs what one for a single task does, but gives all of them one state: only where every
node of the group is good. Nothing is ever marked as good without a result that says so.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from include.airflow_api import AirflowApiError, AirflowConflictError, AirflowSession, run_path
from include.ops.dbt_runs import NodeResult, name_of
from include.rules.texts import clipped

GROUP = "dbt_nodes"
BUILD_TASK = "transform_with_dbt"
NOT_RUN = "dbt did not run it"
PASSED = f"passed; its seconds are in the log of {BUILD_TASK}"
# Of a list of dbt's nodes, these do something with the warehouse.
KINDS = ("model", "snapshot", "test")
# Everything but a task that nobody thought of yet.
ANY = ("scheduled", "queued", "running", "up_for_retry", "success", "failed", "upstream_failed", "skipped")


@cache
def nodes() -> dict[str, list[str]]:
    """Return the unique ids of the project's nodes, by kind; `make data-model` writes the file."""
    lines = Path(__file__).with_name("nodes.txt").read_text(encoding="utf-8").split()
    return {kind: [line for line in lines if line.startswith(f"{kind}.")] for kind in KINDS}


def task_id(unique_id: str) -> str:
    """Return the id of a node's task: model.video_streaming.dim_users is dbt_nodes.models.dim_users."""
    return f"{GROUP}.{unique_id.partition('.')[0]}s.{name_of(unique_id)}"


def is_node(task: str) -> bool:
    """Tell whether the task with this id stands for one of dbt's nodes."""
    return task.startswith(f"{GROUP}.")


def show(api: AirflowSession, run_id: str, results: Mapping[str, NodeResult]) -> None:
    """Give the task of each node the state and the figures of its result; one without a result is skipped."""
    good = [
        kind for kind, ids in nodes().items() if all(_state(results.get(each)) == "success" for each in ids)
    ]
    for kind in good:
        # Refused where all of them have the state already: the build was tried before.
        with suppress(AirflowConflictError):
            body = {"new_state": "success", **({"note": PASSED} if kind == "test" else {})}
            api.request("PATCH", f"{run_path(run_id)}/taskGroupInstances/{GROUP}.{kind}s", json=body)
    # Each note costs Airflow 10 ms. Of a test that passed there is nothing to say but its seconds.
    told = [
        each for kind in good for each in nodes()[kind] if kind != "test" or results[each].status == "warn"
    ]
    if told:
        _update(api, run_id, [_shown(each, results, "note") for each in told])
    if others := [each for kind, ids in nodes().items() if kind not in good for each in ids]:
        states = {task["task_id"]: task["state"] for task in api.instances(run_id, ANY)}
        shown = [_shown(each, results, "note", "new_state") for each in others]
        _update(api, run_id, [each for each in shown if states.get(each["task_id"]) != each["new_state"]])


def forget_shown(api: AirflowSession, run_id: str) -> None:
    """Clear what an earlier build of the run showed: a new one begins."""
    begun = [task["task_id"] for task in api.instances(run_id, ANY)]
    if shown := [task for task in begun if is_node(task)]:
        api.clear(run_id, shown, reset_dag_runs=False)


def _update(api: AirflowSession, run_id: str, entities: list[dict]) -> None:
    """Change several task instances. Raises AirflowApiError when one is refused."""
    action = {"action": "update", "entities": entities, "action_on_non_existence": "fail"}
    answer = api.request("PATCH", f"{run_path(run_id)}/taskInstances", json={"actions": [action]})
    if errors := answer["update"]["errors"]:
        raise AirflowApiError(f"Airflow refused to change task instances: {errors}")


def _shown(unique_id: str, results: Mapping[str, NodeResult], *fields: str) -> dict[str, object]:
    result = results.get(unique_id)
    values = {"note": clipped(result.figures) if result else NOT_RUN, "new_state": _state(result)}
    return {"task_id": task_id(unique_id), "map_index": -1, **{name: values[name] for name in fields}}


def _state(result: NodeResult | None) -> str:
    return result.state if result else "skipped"
