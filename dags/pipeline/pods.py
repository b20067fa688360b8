"""How large the pod of a task is where Airflow gives each task one: by its queue, as .env says.

Data flow: KubernetesExecutor -> the cluster policy gives each task what is added to k8s/pod.yaml. A pod may
use more processors than it asks for, while they are idle, and no more memory.
"""

from collections.abc import Mapping

from dags.pipeline.queues import HEAVY

EXECUTOR = "KubernetesExecutor"
# As in .env.example. A queue that somebody adds has the size of `default` until .env says another.
SIZES = {"default": ("250m", "1Gi"), HEAVY: ("1", "2Gi")}


def add_pod(task, env: Mapping[str, str]) -> None:
    """Give the task the size of its queue's pods, unless it has a pod of its own, or none at all."""
    if env.get("AIRFLOW__CORE__EXECUTOR") != EXECUTOR or "pod_override" in task.executor_config:
        return
    config = {**task.executor_config, "pod_override": _pod(*_size(task.queue, env))}
    if task.is_mapped:
        # Which lets nobody set it as it does a queue.
        task.partial_kwargs["executor_config"] = config
    else:
        task.executor_config = config


def _size(queue: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Return processors and memory of a queue's pods."""
    cpu, memory = SIZES.get(queue, SIZES["default"])
    return (
        env.get(f"POD_CPU_{queue.upper()}") or cpu,
        env.get(f"POD_MEMORY_{queue.upper()}") or memory,
    )


def _pod(cpu: str, memory: str):
    """Return a V1Pod with nothing but what the task's container gets."""
    from kubernetes.client import models

    resources = models.V1ResourceRequirements(
        requests={"cpu": cpu, "memory": memory}, limits={"memory": memory}
    )
    container = models.V1Container(name="base", resources=resources)
    return models.V1Pod(spec=models.V1PodSpec(containers=[container]))
