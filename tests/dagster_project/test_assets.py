"""Assets and checks with resources in memory: what is there, what each says, and what a failure lets pass."""

import json

import dagster as dg
import pytest

from include.errors import DataQualityError, GuardError, InputError, TransientError
from include.settings import read_settings
from include.tables import SOURCES, raw_tables
from tests.dagster_project.runs import (
    PIPELINE,
    Runner,
    downstream_of,
    failed_checks,
    failures,
    made,
    metadata,
)

SOURCE_OF = {table.raw: source.name for source in SOURCES for table in source.raw_tables}
TASK_OF = {"users": "load_postgres_table", "viewing_sessions": "load_postgres_table"}
FACT = "trusted/fct_viewing_sessions"


@pytest.fixture
def in_memory(definitions, instance, monkeypatch):
    """Return a function that runs the pipeline: `fails` is a check of dbt, `planted` what tasks answer."""
    from tests.dagster_project import in_memory as memory

    def run(fails: str = "", job: str = PIPELINE, **planted) -> dg.ExecuteInProcessResult:
        monkeypatch.setattr(memory, "planted", {name.replace("__", " "): planted[name] for name in planted})
        resources = {"platform": memory.InMemoryPlatform(), "dbt": memory.InMemoryDbt(fails=fails)}
        return Runner(definitions, instance, resources=resources).run(job)

    return run


@pytest.fixture(scope="session")
def manifest(definitions):
    """dbt's own manifest."""
    return json.loads((read_settings().dbt_target / "manifest.json").read_text(encoding="utf-8"))


def names(manifest, *kinds: str) -> set[str]:
    found = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] in kinds}
    assert found
    return found


def test_every_source_raw_table_model_and_snapshot_is_an_asset(definitions, manifest):
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().materializable_asset_keys}
    assert {key for key in keys if key.startswith("raw/")} == {f"raw/{name}" for name in raw_tables()}
    assert {f"{source.server}/{source.name}" for source in SOURCES} <= keys
    assert {key.rpartition("/")[2] for key in keys} >= names(manifest, "model", "snapshot")
    assert "publication" in keys


def test_every_test_of_dbt_is_a_check_that_blocks(definitions, manifest):
    graph = definitions.resolve_asset_graph()
    checks = {key.name: graph.get(key) for key in graph.asset_check_keys}
    assert names(manifest, "test") <= checks.keys()
    assert {"guards", "reconciliation", "data_quality"} <= checks.keys()
    assert [name for name, check in checks.items() if not check.blocking] == []


def test_every_asset_has_days_retries_and_what_readers_see_is_to_be_fresh(definitions):
    graph = definitions.resolve_asset_graph()
    fresh = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy}
    assert {"publication", FACT, "raw/postgres_users"} <= fresh
    assert not any(key.startswith("staging/") for key in fresh)
    for asset in definitions.assets:
        assert asset.partitions_def.get_first_partition_key() == "2022-09-01", asset
        assert asset.node_def.retry_policy.max_retries == 3, asset


def test_a_run_materialises_everything_with_rows_and_checksums(definitions, in_memory):
    run = in_memory()
    assert run.success, failures(run)
    graph = definitions.resolve_asset_graph()
    assert made(run) == {key.to_user_string() for key in graph.materializable_asset_keys}
    said = metadata(run)
    for asset in ("raw/mongo_movies", FACT):
        assert said[asset]["dagster/row_count"].value == 9
        assert said[asset]["checksum"].value.startswith("of ")
    assert said["raw/postgres_users"]["read"].value == 9
    assert said["publication"]["version"].value == 1


def test_a_star_that_holds_all_of_raw_is_not_built_again(in_memory):
    run = in_memory(star_to_keep="version 3")
    assert run.success, failures(run)
    assert metadata(run)[FACT]["unchanged_since"].value == "version 3"


@pytest.mark.parametrize("table", sorted(raw_tables()))
def test_a_load_that_its_guards_stop_materialises_nothing_downstream(definitions, in_memory, table):
    source = SOURCE_OF[table]
    task = TASK_OF.get(source, "load_mongo_collection")
    run = in_memory(**{f"{task}__{source}": GuardError("55 of 60 rows would vanish")})
    assert not run.success
    assert failed_checks(run)[f"raw/{table}:guards"] == "55 of 60 rows would vanish"
    assert not made(run) & ({f"raw/{table}"} | downstream_of(definitions, f"raw/{table}"))


@pytest.mark.parametrize("check", ["reconcile_sources", "check_data_quality"])
def test_a_check_of_the_whole_star_that_fails_keeps_it_from_readers(definitions, in_memory, check):
    run = in_memory(**{check: DataQualityError("3 keys differ")})
    assert not run.success
    assert list(failed_checks(run).values()) == ["3 keys differ"]
    assert FACT in made(run)
    assert not made(run) & downstream_of(definitions, "star")


def test_an_unusual_star_is_not_published_and_the_check_says_how_it_can_be(in_memory):
    run = in_memory(check_data_quality="approve_publication")
    said = failed_checks(run)["star:data_quality"]
    assert f"of_run: dagster__{run.run_id}" in said
    assert "publication" not in made(run)


def test_the_job_publish_judges_the_star_first_and_publishes_nothing_that_fails(in_memory):
    assert made(in_memory(job="publish")) == {"publication"}
    run = in_memory(job="publish", check_data_quality="approve_publication")
    assert "star:data_quality" in failed_checks(run)
    assert made(run) == set()


def test_no_test_of_dbt_that_fails_lets_anything_downstream_pass(definitions, in_memory, manifest):
    graph = definitions.resolve_asset_graph()
    # Every third: with the guards and the checks of the star more than twenty failures.
    of_dbt = sorted(key for key in graph.asset_check_keys if key.name in names(manifest, "test"))[::3]
    assert len(of_dbt) > 12
    leaks = {}
    for key in of_dbt:
        asset = key.asset_key.to_user_string()
        run = in_memory(fails=f"{asset}:{key.name}")
        assert list(failed_checks(run)) == [f"{asset}:{key.name}"]
        if leaked := made(run) & (downstream_of(definitions, asset) | {"publication"}):
            leaks[key.name] = leaked
    assert leaks == {}


@pytest.mark.parametrize(
    ("error", "is_retried"), [(TransientError("away"), True), (InputError("wrong"), False)]
)
def test_only_what_passes_by_itself_is_tried_again(error, is_retried):
    from dagster_project.platform import told

    with pytest.raises(dg.Failure) as caught, told():
        raise error
    assert caught.value.allow_retries is is_retried


def test_an_error_that_is_not_the_platforms_says_no_row(definitions):
    from dagster_project.platform import told

    with pytest.raises(dg.Failure, match="error of the program") as caught, told():
        raise ValueError("x")
    assert caught.value.__cause__ is None
