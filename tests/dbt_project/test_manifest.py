"""The rules of the layers, checked on the manifest that `dbt parse` writes: no database needed."""

import re

import pytest

from include.tables import raw_tables
from tests.dbt_project.nodes import has_statistics, held_keys, is_dimension, layer, never_null

PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "totals": ("tot_",),
    "trusted": ("dim_", "fct_", "bridge_", "mart_"),
    "semantic": ("fct_",),
    "health": ("data_",),
    "streaming": ("int_streamed_", "streamed_", "streaming_"),
}
# Totals are read from fact and dimensions, and the marts read the totals.
RANKS = {
    "staging": 0,
    "intermediate": 1,
    "totals": 2,
    "trusted": 2,
    "semantic": 3,
    "health": 3,
    "streaming": 3,
}
POWER_BI_TYPES = re.compile(r"bigint|integer|text|boolean|date|timestamp|numeric\(\d+, \d+\)")


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
    in_the_star = ("totals", "trusted", "semantic", "health", "streaming")
    schemas = {name: name for name in PREFIXES} | dict.fromkeys(in_the_star, "trusted_next")
    assert {(layer(model), model["schema"]) for model in models} == set(schemas.items())


def test_only_staging_reads_raw_and_only_what_tells_of_the_warehouse_reads_ops(models, manifest):
    readers = [
        (layer(model), manifest["sources"][parent]["source_name"])
        for model in models
        for parent in model["depends_on"]["nodes"]
        if parent.startswith("source.")
    ]
    streaming = [("streaming", name) for name in ("kafka", "kafka_progress", "kafka_progress", "raw")]
    assert sorted(readers) == [("health", "ops")] * 2 + [("staging", "raw")] * len(raw_tables()) + streaming


def test_no_layer_reads_a_higher_one(models):
    layers = {model["unique_id"]: layer(model) for model in models}
    upward = [
        (model["name"], parent)
        for model in models
        for parent in model["depends_on"]["nodes"]
        if parent in layers and RANKS[layers[parent]] > RANKS[layer(model)]
    ]
    assert upward == []


def test_what_metrics_and_readers_are_told_by_are_described_views_of_the_star(models):
    told = [model for model in models if layer(model) in ("semantic", "health", "streaming")]
    views = [model for model in told if not model["name"].startswith("int_")]
    assert len(views) == 6
    for view in views:
        assert view["config"]["materialized"] == "view", view["name"]
        assert view["config"]["contract"]["enforced"], view["name"]
        for column in view["columns"].values():
            assert column["description"], (view["name"], column["name"])
            assert POWER_BI_TYPES.fullmatch(column["data_type"]), (view["name"], column["name"])


def test_totals_are_tables_and_not_for_readers(models):
    totals = {model["name"]: model for model in models if layer(model) == "totals"}
    materialized = {name: model["config"]["materialized"] for name, model in totals.items()}
    assert materialized == {"tot_daily_cohorts": "incremental", "tot_user_versions": "table"}
    assert [name for name, model in totals.items() if model["access"] == "public"] == []


def test_the_fact_and_what_is_counted_by_month_is_incremental(trusted_models):
    incremental = {m["name"] for m in trusted_models if m["config"]["materialized"] == "incremental"}
    assert incremental == {"fct_viewing_sessions", "mart_monthly_viewing", "mart_monthly_content_viewing"}


def test_staging_reads_one_source_each(models):
    staging = [model for model in models if layer(model) == "staging"]
    assert len(staging) == len(raw_tables()) >= 6
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


def test_every_trusted_model_has_a_key_that_the_database_holds_unique_and_never_null(trusted_models):
    for model in trusted_models:
        keys = held_keys(model)
        assert keys, model["name"]
        assert set().union(*keys) <= never_null(model), model["name"]


def test_every_trusted_table_has_one_primary_key_and_the_fact_an_index_on_what_it_merges_by(trusted_models):
    for model in trusted_models:
        constraints = [c for column in model["columns"].values() for c in column["constraints"]]
        primary = [c for c in constraints + model["constraints"] if c["type"] == "primary_key"]
        # On the fact dbt would keep a primary key while all rows are written.
        assert len(primary) == (0 if model["name"].startswith("fct_") else 1), model["name"]
        merged_by = model["config"]["unique_key"]
        assert merged_by is None or {merged_by} in held_keys(model), model["name"]


def test_what_the_database_holds_unique_is_not_tested_again(manifest, trusted_models):
    generic = [node for node in manifest["nodes"].values() if node.get("test_metadata")]
    held = {model["unique_id"]: held_keys(model) for model in trusted_models}
    tested = [test for test in generic if test["attached_node"] in held]
    assert tested
    again = []
    for test in tested:
        columns = test["test_metadata"]["kwargs"].get("columns") or [test["column_name"]]
        unique = test["test_metadata"]["name"] == "unique"
        if unique and set(columns) in held[test["attached_node"]]:
            again.append(test["name"])
    assert again == []


@pytest.mark.parametrize("test", ["assert_keys_are_unique", "assert_columns_are_filled"])
def test_where_contracts_are_promises_one_test_looks_at_every_trusted_model(manifest, trusted_models, test):
    name = f"test.video_streaming.{test}"
    assert name not in manifest["nodes"]
    (node,) = manifest["disabled"][name]
    assert {ref["name"] for ref in node["refs"]} == {model["name"] for model in trusted_models}


def test_what_a_trusted_column_requires_is_a_constraint_and_not_a_test(trusted_models, tests_of):
    tested = [(model["name"], test) for model in trusted_models for test in tests_of(model)]
    assert len(tested) > 20
    assert [(name, column) for name, (test, column) in tested if test == "not_null"] == []


def test_every_key_of_fact_and_bridge_is_tested_against_its_dimension(trusted_models, pointing_of):
    pointing = [model for model in trusted_models if model["name"].startswith(("fct_", "bridge_"))]
    assert len(pointing) == 2
    for model in pointing:
        keys = {column for column in model["columns"] if column.endswith("_key")}
        assert len(keys) >= 2
        assert keys == pointing_of(model), model["name"]


def test_every_mart_has_a_unit_test_and_keys_that_are_tested(manifest, marts, pointing_of):
    unit_tested = {test["model"] for test in manifest["unit_tests"].values()}
    for mart in marts:
        assert mart["name"] in unit_tested
        keys = {column for column in mart["columns"] if column.endswith("_key")}
        assert keys <= pointing_of(mart), mart["name"]


def test_every_mart_with_sessions_is_compared_with_the_fact(manifest, marts):
    tests = ("assert_marts_match_the_fact", "assert_cohorts_match_the_fact")
    nodes = [manifest["nodes"][f"test.video_streaming.{test}"] for test in tests]
    compared = {parent for node in nodes for parent in node["depends_on"]["nodes"]}
    with_sessions = [mart["unique_id"] for mart in marts if "sessions" in mart["columns"]]
    assert len(with_sessions) >= 9
    assert set(with_sessions) <= compared


def test_every_key_in_a_trusted_table_is_its_own_or_tested_against_its_dimension(trusted_models, pointing_of):
    untested = []
    for model in trusted_models:
        own = set().union(*held_keys(model)) if is_dimension(model) else set()
        keys = {column for column in model["columns"] if column.endswith("_key")}
        untested += [(model["name"], key) for key in keys - own - pointing_of(model)]
    assert untested == []


def test_keys_and_dates_of_versions_are_never_null(trusted_models):
    for model in trusted_models:
        needed = {name for name in model["columns"] if name.endswith(("_key", "valid_from", "valid_to"))}
        assert needed <= never_null(model), model["name"]


def test_every_trusted_table_has_its_statistics_after_it_is_built(trusted_models):
    for model in trusted_models:
        assert has_statistics(model), model["name"]


def test_models_that_decide_or_count_have_a_unit_test(manifest, models):
    logic = re.compile(r"\bcase\b|\bover \(|\bgroup by\b")
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    deciding = [model["name"] for model in models if logic.search(model["raw_code"])]
    assert len(deciding) >= 12
    assert [name for name in deciding if name not in tested] == []
    # A longer one parses, and fails when it runs: PostgreSQL takes it for a table's name.
    assert [test["name"] for test in manifest["unit_tests"].values() if len(test["name"]) > 63] == []


def test_unit_tests_of_a_model_are_in_a_file_of_their_own_beside_it(manifest):
    unit_tests = manifest["unit_tests"].values()
    assert len(unit_tests) >= 29
    elsewhere = []
    for test in unit_tests:
        (model,) = test["depends_on"]["nodes"]
        sql = manifest["nodes"][model]["original_file_path"]
        if test["original_file_path"] != sql.removesuffix(".sql") + "__unit_tests.yml":
            elsewhere.append(test["name"])
    assert elsewhere == []


def test_snapshots_live_on_business_dates_and_never_end(manifest):
    snapshots = [node for node in manifest["nodes"].values() if node["resource_type"] == "snapshot"]
    assert {snapshot["name"] for snapshot in snapshots} == {"users_snapshot", "content_snapshot"}
    for snapshot in snapshots:
        config = snapshot["config"]
        assert config["strategy"] == "check"
        assert "as_of" in config["updated_at"]
        assert "9999-12-31" in config["dbt_valid_to_current"]
        assert snapshot["description"].startswith("One row per")


def test_ranges_of_validity_are_tested_for_gaps_and_overlaps(models, tests_of):
    ranges = {model["name"] for model in models if {"valid_from", "valid_to"} <= model["columns"].keys()}
    assert ranges == {"int_users_versioned", "dim_users", "dim_content_history"}
    for model in models:
        if model["name"] in ranges:
            names = {name for name, _ in tests_of(model)}
            assert names & {"contiguous_ranges", "mutually_exclusive_ranges"}, model["name"]


def test_the_report_depends_on_trusted_models_only(manifest, trusted_models):
    (exposure,) = manifest["exposures"].values()
    assert set(exposure["depends_on"]["nodes"]) == {model["unique_id"] for model in trusted_models}
