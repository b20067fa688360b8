"""Runs of the jobs on real servers: the star is Airflow's, and what fails reaches no reader."""

import os
import subprocess

import dagster as dg
import pytest

from include.environment import ROOT
from include.inherited import inherited
from tests.conftest import new_platform
from tests.dagster_project.conftest import settings_of
from tests.dagster_project.runs import DAY, Runner, downstream_of, failed_checks, failures, made
from tests.pipeline import trusted_checksums

AIRFLOW_SECONDS = 200
# A run of another orchestrator that is waited for.
CLAIM = """
insert into ops.warehouse_claim (airflow, run_id, host, kept_until)
values ('another', 'scheduled__2024-09-02', 'elsewhere', clock_timestamp() + interval '10 seconds')
"""
STAR = dg.AssetSelection.groups("staging", "intermediate", "snapshots", "trusted", "publication")


@pytest.fixture(scope="module")
def of_airflow(servers, runner: Runner, tmp_path_factory):
    """Return what waits for Airflow's run of the day, begun here, and gives its star's checksums."""
    platform, home = new_platform(servers), tmp_path_factory.mktemp("airflow")
    env = (
        inherited()
        | settings_of(platform, home / "data")
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "DBT_TARGET_PATH": str(home / "dbt" / "target"),
            "DBT_LOG_PATH": str(home / "dbt"),
            "RUN_DEADLINE_MINUTES": "",
        }
    )
    python = ROOT / ".venv" / "bin" / "python"
    env |= {"DBT_PYTHON": str(python)}
    command = [python, "-m", "tests.dagster_project.airflow_day", DAY]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)

    def checksums() -> dict[str, tuple[int, str]]:
        assert process.wait(AIRFLOW_SECONDS) == 0, (home / "log").read_text()[-5000:]
        return trusted_checksums(platform)

    yield checksums
    process.kill()
    platform.close()


@pytest.fixture(scope="module")
def first(of_airflow, runner: Runner) -> dg.ExecuteInProcessResult:
    """The first run of the day, beside Airflow's."""
    run = runner.run()
    assert run.success, failures(run)
    return run


def publications(runner: Runner) -> list[tuple]:
    query = "select action, version, batch_id, as_of::text from ops.publications order by publication_id"
    return runner.platform.query("elt_loader", query)


def test_a_day_is_published_with_all_checks_passed(first, runner):
    assert publications(runner) == [("publish", 1, f"dagster__{first.run_id}", DAY)]
    checks = first.get_asset_check_evaluations()
    assert len(checks) > 40
    assert all(check.passed for check in checks)
    recorded = runner.platform.query("elt_loader", "select distinct batch_id from ops.dbt_runs")
    assert recorded == [(f"dagster__{first.run_id}",)]
    assert runner.platform.query("elt_loader", "select * from ops.warehouse_claim") == []


def test_the_star_is_airflows_of_the_same_day(first, runner, of_airflow):
    expected = of_airflow()
    assert expected["fct_viewing_sessions"][0] > 500
    assert trusted_checksums(runner.platform) == expected


def test_the_same_day_again_waits_its_turn_builds_nothing_and_readers_keep_their_star(
    first, runner, monkeypatch
):
    before = publications(runner)
    monkeypatch.setattr("dagster_project.platform.PAUSE_SECONDS", 1)
    runner.platform.query("elt_loader", CLAIM)
    run = runner.run()
    assert run.success, failures(run)
    waited = [event.step_key for event in run.all_events if event.is_step_up_for_retry]
    assert set(waited) == {"product"}
    assert publications(runner) == before


def test_a_test_of_dbt_that_fails_lets_nothing_downstream_pass(first, runner, definitions):
    seen = trusted_checksums(runner.platform)
    # Past all loads, as an error in one would.
    runner.platform.query(
        "elt_loader", "update raw.postgres_viewing_sessions set completion_percentage = 500"
    )
    run = runner.run(mode="full refresh", select=STAR)
    assert not run.success
    checks = failed_checks(run)
    assert [check for check in checks if "accepted_ranges_fct_viewing_sessions" in check], failures(run)
    for check in checks:
        assert not made(run) & downstream_of(definitions, check.partition(":")[0]), check
    assert "trusted/fct_viewing_sessions" in made(run)
    assert "publication" not in made(run)
    assert trusted_checksums(runner.platform) == seen


def test_rollback_and_forget(first, runner):
    run = runner.run("forget", day=None)
    assert run.success, failures(run)
    assert runner.platform.query("elt_loader", "select * from ops.watermarks") == []
    run = runner.run("rollback", day=None)
    assert not run.success
    assert "There is no previous version" in failures(run)


def test_the_environment_of_runs_is_restored(first):
    assert not [name for name in os.environ if name.startswith("DBT_ENV_CUSTOM")]
