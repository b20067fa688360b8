"""Runs of the pipeline in one process, where no api-server could be asked to show dbt's nodes."""

from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from include.nodes import is_node


def run_without_nodes(pipeline: DAG, **options: object) -> DagRun:
    """Run the DAG with the options of `dag.test()`; the tasks of dbt's nodes do nothing."""
    return pipeline.test(mark_success_pattern=r"dbt_nodes\.", **options)


def states_of(run: DagRun) -> dict[str, str]:
    """Return the states of the run's tasks, without those that stand for dbt's nodes."""
    tasks = [task for task in run.get_task_instances() if not is_node(task.task_id)]
    numbers = {task: f"[{task.map_index}]" if task.map_index >= 0 else "" for task in tasks}
    return {f"{task.task_id}{number}": str(task.state) for task, number in numbers.items()}
