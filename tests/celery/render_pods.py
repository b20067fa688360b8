"""Print the pods of the pipeline's tasks as KubernetesExecutor makes them, as JSON by task.

Run with Airflow's settings as variables. A DAG is taken as the scheduler has it: written, and read again.
"""

import json
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes.client import ApiClient

from include.environment import ROOT

TEMPLATE = ROOT / "k8s" / "pod.yaml"


def pods(dag_id: str) -> dict[str, dict]:
    dag = DagBag(ROOT / "dags").dags[dag_id]
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {task.task_id: _pod(dag_id, task) for task in stored.tasks}


def _pod(dag_id: str, task) -> dict:
    """Return what the executor asks Kubernetes for."""
    pod = PodGenerator.construct_pod(
        dag_id=dag_id,
        task_id=task.task_id,
        run_id="manual__2024-09-01",
        map_index=0 if task.is_mapped else -1,
        pod_id="task-1",
        try_number=1,
        date=None,
        kube_image="registry.example.com/video-streaming-elt:1",
        args=["python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", "{}"],
        pod_override_object=PodGenerator.from_obj(task.executor_config),
        base_worker_pod=PodGenerator.deserialize_model_file(str(TEMPLATE)),
        namespace="airflow",
        scheduler_job_id="1",
        with_mutation_hook=True,
    )
    return ApiClient().sanitize_for_serialization(pod)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(pods(sys.argv[1])))
