"""A task for each of dbt's nodes, beside the one that runs dbt."""

from airflow.sdk import TaskGroup, XComArg, task, task_group

from include import build_tasks
from include.nodes import GROUP, nodes
from include.ops.dbt_runs import name_of


@task_group(group_id=GROUP, group_display_name="dbt's nodes")
def dbt_nodes() -> None:
    """Declare the tasks: models, snapshots and tests."""
    for kind, unique_ids in nodes().items():
        with TaskGroup(f"{kind}s"):
            for unique_id in unique_ids:
                _node(unique_id)


def _node(unique_id: str) -> None:
    # Not `all_done`: a build that was skipped skips its nodes.
    node = task(build_tasks.show_dbt_node, task_id=name_of(unique_id), trigger_rule="none_skipped")
    made = task.skip_if(build_tasks.was_not_run)(node)(node=unique_id)
    # Of the DAG's form it reads nothing. Airflow reads the whole DAG for each note that it is given, and a
    # copy of the form for each task was two thirds of that.
    made.operator.params = {}


def show_dbt_nodes() -> XComArg:
    """Return the task that shows them all at once; it is skipped where dbt left nothing to show."""
    shown = task(build_tasks.show_dbt_nodes, trigger_rule="none_skipped")
    return task.skip_if(build_tasks.has_no_results)(shown)()
