"""What a cluster gets: settings, volumes, KubernetesExecutor's pods, by Kubernetes' own schemas."""

import json
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from cli.k8s_settings import manifests
from include.airflow_api import DAG_ID
from include.environment import ROOT, ensure_env
from include.inherited import inherited

K8S = ROOT / "k8s"
VERSIONS = ("1.33", "1.37")
HEAVY = {
    "extract_to_data_warehouse.load_postgres_table",
    "extract_to_data_warehouse.load_mongo_collection",
    "transform_with_dbt",
}


def refused(manifest: dict) -> list[str]:
    """Return what the schemas have against it: a wrong value, or a field that they do not know."""
    said = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            said.append(f"{version}: {error.message}")
    return said


def documents(name: str) -> list[dict]:
    return list(yaml.safe_load_all((K8S / name).read_text()))


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The pods of all tasks of the pipeline, where .env gives heavy ones more memory."""
    home = tmp_path_factory.mktemp("airflow")
    settings = {
        **documents("settings.yaml")[0]["data"],
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT),
        "POD_MEMORY_HEAVY": "3Gi",
    }
    done = subprocess.run(
        [sys.executable, "tests/celery/render_pods.py", DAG_ID],
        cwd=ROOT,
        env=inherited() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_pod_of_every_task_is_what_kubernetes_takes(pods: dict[str, dict]) -> None:
    assert len(pods) > 80
    assert {name: said for name, pod in pods.items() if (said := refused(pod))} == {}


def test_pod_has_the_size_of_its_tasks_queue_as_the_settings_say(pods: dict[str, dict]) -> None:
    sizes = {name: pod["spec"]["containers"][0]["resources"] for name, pod in pods.items()}
    heavy = {"requests": {"cpu": "1", "memory": "3Gi"}, "limits": {"memory": "3Gi"}}
    assert {name for name, size in sizes.items() if size == heavy} == HEAVY
    default = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    assert all(size == default for name, size in sizes.items() if name not in HEAVY)


def test_pod_is_not_root_may_not_become_it_and_asks_kubernetes_nothing(pods: dict[str, dict]) -> None:
    for name, pod in pods.items():
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        assert spec["securityContext"]["runAsUser"] == 50000, name
        assert spec["automountServiceAccountToken"] is False, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["image"] == "registry.example.com/video-streaming-elt:1", name
        assert "command" not in container, "the image's entrypoint reads the secrets"


def test_settings_of_env_and_what_is_mounted_are_what_kubernetes_takes(tmp_path: Path) -> None:
    settings = ensure_env(tmp_path / ".env") | {
        "ALERT_URLS": "json://x",
        "AIRFLOW_CONN_CRM": "postgresql://a:b@c/d",
    }
    made = manifests(settings)["items"]
    found = [*made, *documents("settings.yaml"), *documents("volumes.yaml"), *documents("pod.yaml")]
    assert {item["metadata"]["name"]: said for item in found if (said := refused(item))} == {}
    named = {item["metadata"]["name"] for item in found}
    (pod,) = documents("pod.yaml")
    wanted = {one["configMapRef"]["name"] for one in pod["spec"]["containers"][0]["envFrom"]}
    for volume in pod["spec"]["volumes"]:
        source = volume.get("secret") or volume["persistentVolumeClaim"]
        wanted |= {source.get("secretName") or source["claimName"]}
    assert wanted <= named


def test_a_field_that_kubernetes_does_not_know_is_refused() -> None:
    (pod,) = documents("pod.yaml")
    pod["spec"]["containers"][0]["resource"] = {}
    assert len(refused(pod)) == len(VERSIONS)
