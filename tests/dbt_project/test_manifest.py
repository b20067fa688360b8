"""The rules of the layers, checked on the manifest that `dbt parse` writes: no database needed."""

import json
import re

import pytest

from tests.dbt_project.command import run_dbt

PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "trusted": ("dim_", "fct_", "bridge_", "mart_"),
}
POWER_BI_TYPES = re.compile(r"bigint|integer|text|boolean|date|timestamp|numeric\(\d+, \d+\)")


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """What `dbt parse` printed, and the manifest it wrote."""
    work_dir = tmp_path_factory.mktemp("parse")
    names = ("WAREHOUSE_HOST", "WAREHOUSE_DB", "DBT_USER", "DBT_PASSWORD")
    env = {"WAREHOUSE_PORT": "5432", **dict.fromkeys(names, "unused")}
    printed = run_dbt("parse", "--show-all-deprecations", env=env, work_dir=work_dir)
    return printed, json.loads((work_dir / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def manifest(parsed):
    return parsed[1]


@pytest.fixture(scope="module")
def models(manifest):
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(nodes) >= 20
    return nodes


@pytest.fixture(scope="module")
def trusted_models(models):
    found = [model for model in models if layer(model) == "trusted"]
    assert len(found) >= 8
    return found


@pytest.fixture(scope="module")
def tests_of(manifest):
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


def layer(node):
    return node["fqn"][1]


def test_parsing_warns_about_nothing(parsed):
    printed, _ = parsed
    assert "Running with dbt" in printed
    assert "WARN" not in printed.upper()
    assert "DEPRECAT" not in printed.upper()


def test_every_model_is_named_after_its_layer(models):
    assert {layer(model) for model in models} == set(PREFIXES)
    misnamed = [model["name"] for model in models if not model["name"].startswith(PREFIXES[layer(model)])]
    assert misnamed == []


def test_every_layer_lands_in_the_schema_of_its_name_and_the_star_beside_the_one_that_is_read(models):
    schemas = {name: name for name in PREFIXES} | {"trusted": "trusted_next"}
    assert {(layer(model), model["schema"]) for model in models} == set(schemas.items())


def test_only_staging_reads_sources_and_no_layer_reads_a_higher_one(models):
    order = list(PREFIXES)
    layers = {model["unique_id"]: layer(model) for model in models}
    readers = [
        (model["name"], parent)
        for model in models
        for parent in model["depends_on"]["nodes"]
        if parent.startswith("source.")
    ]
    assert len(readers) == 6
    assert [name for name, _ in readers if not name.startswith("stg_")] == []
    upward = [
        (model["name"], parent)
        for model in models
        for parent in model["depends_on"]["nodes"]
        if parent in layers and order.index(layers[parent]) > order.index(layer(model))
    ]
    assert upward == []


def test_staging_reads_one_source_each(models):
    staging = [model for model in models if layer(model) == "staging"]
    assert len(staging) == 6
    assert [model["name"] for model in staging if len(model["depends_on"]["nodes"]) != 1] == []


def test_every_model_says_its_grain_first(models):
    without = [model["name"] for model in models if not model["description"].startswith("One row")]
    assert without == []


def test_trusted_models_are_public_tables_with_an_enforced_contract(trusted_models):
    for model in trusted_models:
        assert model["config"]["contract"]["enforced"], model["name"]
        assert model["config"]["materialized"] in ("table", "incremental"), model["name"]
        assert model["access"] == "public", model["name"]
        assert model["config"]["persist_docs"] == {"relation": True, "columns": True}


def test_trusted_columns_are_described_and_have_types_that_power_bi_reads(trusted_models):
    columns = [(model["name"], column) for model in trusted_models for column in model["columns"].values()]
    assert len(columns) > 80
    assert [(name, c["name"]) for name, c in columns if not c["description"].strip()] == []
    odd = [
        (name, column["name"], column["data_type"])
        for name, column in columns
        if not POWER_BI_TYPES.fullmatch(column["data_type"] or "")
    ]
    assert odd == []


def test_every_trusted_model_tests_its_key(trusted_models, tests_of):
    for model in trusted_models:
        tests = tests_of(model)
        unique = {column for name, column in tests if name == "unique"}
        not_null = {column for name, column in tests if name == "not_null"}
        combined = any(name == "unique_combination_of_columns" for name, _ in tests)
        assert unique & not_null or (combined and not_null), model["name"]


def test_every_key_of_fact_and_bridge_is_tested_against_its_dimension(trusted_models, tests_of):
    pointing = [model for model in trusted_models if model["name"].startswith(("fct_", "bridge_"))]
    assert len(pointing) == 2
    for model in pointing:
        keys = {column for column in model["columns"] if column.endswith("_key")}
        tested = {column for name, column in tests_of(model) if name == "relationships"}
        assert len(keys) >= 2
        assert keys == tested, model["name"]


def test_the_report_depends_on_trusted_models_only(manifest, trusted_models):
    (exposure,) = manifest["exposures"].values()
    assert set(exposure["depends_on"]["nodes"]) == {model["unique_id"] for model in trusted_models}
