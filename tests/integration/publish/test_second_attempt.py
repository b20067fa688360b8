"""When a second attempt goes on with the first: only with the same star, project, batch and state of raw."""

import json
from pathlib import Path

import pytest

from include.dbt import project_checksum
from include.ops.dbt_runs import read_results
from include.ops.load_runs import state_of_raw
from include.second_attempt import first_command
from include.transaction import transaction
from tests.conftest import Platform

RUN = "manual__1"
MARKER = {"state": "unfit", "batch_id": RUN, "invocation_id": "8c6d", "code": "c"}
GOOD, BAD = "model.video_streaming.dim_users", "model.video_streaming.dim_dates"
END = "operation.video_streaming.video_streaming-on-run-end-1"


def write(
    folder: Path, statuses: dict[str, str], invocation: str = "8c6d", minute: int = 0, **told: str
) -> None:
    metadata = {"generated_at": f"2024-09-01T06:0{minute}:00Z", "invocation_id": invocation}
    results = [
        {"unique_id": node, "status": status, "execution_time": 1} for node, status in statuses.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    content = {"metadata": {**metadata, "env": told}, "results": results}
    (folder / "run_results.json").write_text(json.dumps(content))


def command(platform: Platform, target: Path, marker: dict[str, str], **changed: str) -> str:
    """Return the command after an attempt with one good node and one bad, whose star has the marker."""
    platform.query("dbt_transformer", f"comment on schema trusted_next is '{json.dumps(marker)}'")
    loader = platform.connect("elt_loader")
    with transaction(loader) as cursor:
        told = {"BATCH_ID": RUN, "PROJECT": project_checksum(), "RAW": state_of_raw(cursor)}
    statuses = {GOOD: "success", BAD: "error", END: "success"}
    write(target, statuses, **{**told, **changed})
    return first_command(loader, target, RUN)


@pytest.mark.parametrize("state", ["unfit", "building"])
def test_what_failed_is_run_again_where_nothing_else_changed(warehouse, tmp_path, state):
    said = command(warehouse, tmp_path, {**MARKER, "state": state})
    assert " retry " in said
    assert "Of 3 nodes 1 are run again" in said
    assert "export DBT_ENV_CUSTOM_ENV_RESUMES=8c6d DBT_ENV_CUSTOM_ENV_RAW=" in said


@pytest.mark.parametrize(
    "marker", [{"invocation_id": "by hand"}, {"state": "mixed"}, {"state": "tested"}, {"state": "published"}]
)
def test_another_star_is_built_from_the_start(warehouse, tmp_path, marker):
    assert command(warehouse, tmp_path, MARKER | marker).startswith("rm -rf ")


@pytest.mark.parametrize("told", [{"BATCH_ID": "manual__0"}, {"PROJECT": "older"}, {"RAW": "users 7"}])
def test_results_of_other_data_or_code_are_forgotten(warehouse, tmp_path, told):
    assert command(warehouse, tmp_path, MARKER, **told).startswith("rm -rf ")


def test_without_results_all_is_built(warehouse, tmp_path):
    loader = warehouse.connect("elt_loader")
    assert first_command(loader, tmp_path, RUN).startswith("rm -rf ")
    # Stopped on the way: some nodes have no result.
    write(tmp_path, {GOOD: "success", BAD: "error"}, BATCH_ID=RUN)
    assert first_command(loader, tmp_path, RUN).startswith("rm -rf ")


def test_results_of_the_first_attempt_are_kept(tmp_path):
    write(tmp_path / "attempts" / "8c6d", {GOOD: "success", BAD: "error"}, BATCH_ID=RUN)
    write(tmp_path / "attempts" / "older", {GOOD: "error"}, "older", BATCH_ID="manual__0")
    assert {each.unique_id: each.status for each in read_results(tmp_path, RUN)} == {
        GOOD: "success",
        BAD: "error",
    }
    write(tmp_path, {BAD: "success"}, "9d7e", minute=5, BATCH_ID=RUN)
    found = {each.unique_id: (each.status, each.invocation_id) for each in read_results(tmp_path, RUN)}
    assert found == {GOOD: ("success", "8c6d"), BAD: ("success", "9d7e")}
