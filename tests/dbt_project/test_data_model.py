"""The diagrams of docs/data-model.md are those of the project, and say what its keys and tests say."""

import pytest

from cli.data_model import DOCUMENT, diagram, read_manifest, tables, with_diagrams


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return read_manifest(tmp_path_factory.mktemp("parse"))


def test_the_committed_diagrams_are_those_of_the_manifest(manifest):
    text = DOCUMENT.read_text()
    assert with_diagrams(text, manifest) == text, "run `make data-model`"


def test_all_trusted_models_are_drawn(manifest):
    drawn = with_diagrams(DOCUMENT.read_text(), manifest)
    trusted = [node for node in manifest["nodes"].values() if node["config"].get("access") == "public"]
    assert len(trusted) > 10
    assert [model["name"] for model in trusted if f"    {model['name']} {{\n" not in drawn] == []


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
        with_diagrams("# The data model\n", manifest)
