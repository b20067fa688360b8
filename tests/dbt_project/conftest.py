"""The manifest that `dbt parse` writes, and its nodes by kind."""

import json
from collections.abc import Callable

import pytest

from include.dbt import NO_LOGIN, start_dbt
from tests.dbt_project.nodes import Node, layer


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict]:
    """What `dbt parse` printed, and the manifest it wrote."""
    work_dir = tmp_path_factory.mktemp("parse")
    dbt = start_dbt("parse", "--show-all-deprecations", settings=NO_LOGIN, work_dir=work_dir)
    printed, errors = dbt.communicate()
    assert dbt.returncode == 0, printed + errors
    return printed, json.loads((work_dir / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def manifest(parsed: tuple[str, dict]) -> dict:
    return parsed[1]


@pytest.fixture(scope="module")
def models(manifest: dict) -> list[Node]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(nodes) >= 20
    return nodes


@pytest.fixture(scope="module")
def trusted_models(models: list[Node]) -> list[Node]:
    found = [model for model in models if layer(model) == "trusted"]
    assert len(found) >= 8
    return found


@pytest.fixture(scope="module")
def marts(trusted_models: list[Node]) -> list[Node]:
    found = [model for model in trusted_models if model["name"].startswith("mart_")]
    assert len(found) >= 10
    return found


@pytest.fixture(scope="module")
def tests_of(manifest: dict) -> Callable[[Node], set[tuple]]:
    """Return the generic tests of a model as pairs of test name and column (or None)."""
    generic = [node for node in manifest["nodes"].values() if node.get("test_metadata")]
    assert generic

    def tests_of_model(model):
        return {
            (test["test_metadata"]["name"], test["column_name"])
            for test in generic
            if test["attached_node"] == model["unique_id"]
        }

    return tests_of_model


@pytest.fixture(scope="module")
def pointing_of(manifest: dict) -> Callable[[Node], set[str]]:
    """Return the columns of a model that a test compares with the table they point to."""
    tests = [node for node in manifest["nodes"].values() if node["name"].startswith("foreign_keys_")]
    keys = {test["attached_node"]: test["test_metadata"]["kwargs"]["keys"] for test in tests}
    assert len(keys) == len(tests) >= 10
    return lambda model: {key["column"] for key in keys.get(model["unique_id"], [])}
