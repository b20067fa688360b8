"""What documents and tests repeat of the project is up to date, and diagrams say what keys and tests say."""

from pathlib import Path

import pytest

from cli.data_model import BLOCKS, COMMENTS, read_manifest, with_blocks
from cli.diagrams import diagram
from cli.generated_docs import marts_of_the_fact, models_with_keys, node_lines
from cli.source_models import EXAMPLE, OWN, sources_yaml
from include.environment import ROOT
from include.manifest import tables

DOCUMENT = "docs/data-model.md"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return read_manifest(tmp_path_factory.mktemp("parse"))


def text_of(file):
    return (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("file", BLOCKS)
def test_the_committed_blocks_are_those_of_the_manifest(manifest, file):
    text = text_of(file)
    assert with_blocks(file, text, manifest) == text, "run `make data-model`"


@pytest.mark.parametrize(("file", "block"), [(file, block) for file in BLOCKS for block in BLOCKS[file]])
def test_a_block_that_lacks_a_line_is_written_anew(manifest, file, block):
    text = text_of(file)
    begin = COMMENTS[Path(file).suffix].format(f"{block}: written by make data-model") + "\n"
    before, _, after = text.partition(begin)
    outdated = before + begin + after.partition("\n")[2]
    assert with_blocks(file, outdated, manifest) == text != outdated


def test_every_model_snapshot_and_test_has_a_line_in_the_list_of_the_dags_nodes(manifest):
    assert text_of("include/nodes.txt") == node_lines(manifest), "run `make data-model`"
    assert {line.partition(".")[0] for line in node_lines(manifest).split()} == {"model", "snapshot", "test"}


@pytest.mark.parametrize("declared", [OWN, EXAMPLE], ids=["own", "example"])
def test_the_committed_sources_of_dbt_are_those_of_sources_yml(declared):
    assert sources_yaml(declared) == text_of(f"dbt/{declared.written}"), "run `make source-models`"


def test_all_trusted_models_are_drawn(manifest):
    drawn = with_blocks(DOCUMENT, text_of(DOCUMENT), manifest)
    trusted = [node for node in manifest["nodes"].values() if node["config"].get("access") == "public"]
    assert len(trusted) > 10
    assert [model["name"] for model in trusted if f"    {model['name']} {{\n" not in drawn] == []
    assert [model["name"] for model in trusted if f"| `{model['name']}` |" not in drawn] == []


def test_every_table_says_its_grain_in_one_short_sentence():
    rows = [line for line in text_of(DOCUMENT).splitlines() if line.startswith(("| `dim_", "| `mart_"))]
    assert len(rows) > 10
    assert [row for row in rows if "One row" in row or len(row) > 150] == []


def test_a_new_mart_with_sessions_is_compared_with_the_fact(manifest):
    mart = {"resource_type": "model", "access": "public", "name": "mart_new", "config": {"meta": {}}}
    compared = {"nodes": {"new": {**mart, "columns": {"sessions": {}, "watch_minutes": {}}}}}
    assert "'mart_new': 'watch_minutes / 60'," in marts_of_the_fact(compared)
    assert "'mart_new'," in models_with_keys(compared)
    left_out = {"nodes": {"new": {**mart, "columns": {"users": {}}}}}
    assert "mart_new" not in marts_of_the_fact(left_out)
    assert "mart_cohort_retention" not in marts_of_the_fact(manifest)


def test_a_diagram_shows_keys_and_where_they_point(manifest):
    fact, *_, users = tables(manifest, ("fct_", "dim_"))
    (retention,) = tables(manifest, ("mart_cohort",))
    (content,) = tables(manifest, ("mart_content",))
    assert (fact.key, users.key) == (("session_id",), ("user_key",))
    assert fact.points_to["date_key"] == "dim_dates"
    assert retention.key == ("cohort_start_date", "months_since_registration")
    lines = diagram([fact, retention, content]).splitlines()
    for line in (
        "    fct_viewing_sessions }o--|| dim_users : user_key",
        "    mart_content_performance |o--|| dim_content : content_key",
        "        bigint user_key FK",
        "        date cohort_start_date PK, FK",
        "        integer months_since_registration PK",
    ):
        assert line in lines


def test_a_document_without_markers_is_refused(manifest):
    with pytest.raises(ValueError, match="make data-model"):
        with_blocks(DOCUMENT, "# The data model\n", manifest)
