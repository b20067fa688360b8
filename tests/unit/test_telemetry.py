"""Telemetry is off unless an address is set; then nothing of it is imported."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from include.environment import ROOT, connections, telemetry_variables
from include.inherited import inherited

NAMES = ("OPENLINEAGE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT")
PARSE = """
import sys
from airflow.dag_processing.dagbag import DagBag
from airflow import plugins_manager
plugins_manager.get_plugin_info()
assert not DagBag(sys.argv[1]).import_errors
print(*(name for name in sys.modules if name.startswith(("openlineage", "opentelemetry.exporter"))))
"""


def test_nothing_is_set_where_no_address_is(env: dict[str, str]) -> None:
    assert [env[name] for name in NAMES] == ["", ""]
    assert telemetry_variables(env) == {}
    assert not [name for name in connections(env) if "OPENLINEAGE" in name or "OTEL" in name]


def test_an_address_reaches_every_component(env: dict[str, str]) -> None:
    addresses = dict(zip(NAMES, ("http://marquez:5000", "http://collector:4318"), strict=True))
    variables = connections(env | addresses)
    assert json.loads(variables["AIRFLOW__OPENLINEAGE__TRANSPORT"])["url"] == "http://marquez:5000"
    assert variables["AIRFLOW__METRICS__OTEL_ON"] == "True"
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"


def test_compose_hands_both_addresses_on() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("airflow-scheduler", "airflow-apiserver", "airflow-dag-processor"):
        given = services[name]["environment"]
        assert {key: given[key] for key in NAMES} == {key: f"${{{key}:-}}" for key in NAMES}


def test_without_an_address_parsing_imports_none_of_it(tmp_path: Path) -> None:
    variables = {
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(ROOT / "dags")],
        env=inherited() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].split() == []
