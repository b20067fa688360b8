"""The task that runs dbt, and beside it one for each of dbt's nodes."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import TaskGroup, task, task_group
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from dags.pipeline.turns import BashAtWork
from include import build_tasks
from include.nodes import GROUP, nodes
from include.ops.dbt_runs import name_of


class DbtBuild(BashAtWork):
    """dbt's command. What it did is shown node by node as soon as it ends, also where it failed."""

    def execute(self, context: Mapping[str, Any]) -> None:
        """Run the command, and mark the nodes' tasks before Airflow would run them."""
        try:
            super().execute(context)
        except AirflowSkipException:
            raise
        except AirflowException:
            build_tasks.show_dbt_nodes(context["run_id"])
            raise
        build_tasks.show_dbt_nodes(context["run_id"])


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
