"""Runs of the whole DAG, after which Power BI refreshes its semantic model, or is left alone."""

import json
from collections.abc import Callable, Iterator

import pytest
from airflow.dag_processing.dagbag import DagBag

from include import tasks as tasks_of_pipeline
from include.environment import ROOT, power_bi_variables
from tests.conftest import Platform
from tests.dags.power_bi import ACCEPTED, DATASET, GROUP, OURS, PowerBi, history, replace_login
from tests.dags.runs import run_without_nodes, states_of

DAY = {"as_of": "2024-03-05"}
COMPLETED, FAILED = history((OURS, "Completed")), history((OURS, "Failed"), error="no credentials")


@pytest.fixture
def power_bi(monkeypatch: pytest.MonkeyPatch) -> Iterator[PowerBi]:
    """Yield a stub that completes every refresh; only Microsoft's login is not asked."""
    replace_login(monkeypatch)
    with PowerBi([ACCEPTED], [COMPLETED]).serving() as stub:
        yield stub


@pytest.fixture
def run(
    platform: Platform, dag_environment: Callable, power_bi: PowerBi, monkeypatch: pytest.MonkeyPatch
) -> Callable:
    """Return a function that runs the DAG with settings added: the run's state, and those of its tasks."""
    dag_environment(platform.env)

    def run(settings: dict[str, str], **conf: object) -> tuple[str, dict[str, str]]:
        variables = power_bi_variables(settings)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        if connection := variables.get("AIRFLOW_CONN_POWER_BI"):
            made = json.loads(connection)
            made["extra"] |= {"base_url": power_bi.url, "trust_env": False}
            monkeypatch.setenv("AIRFLOW_CONN_POWER_BI", json.dumps(made))
        pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
        done = run_without_nodes(pipeline, run_conf=DAY | conf)
        states = states_of(done)
        # Nothing is unusual.
        assert states.pop("approve_publication") in {"skipped", "upstream_failed"}
        return str(done.state), states

    return run


SETTINGS = {
    "POWER_BI_WORKSPACE_ID": GROUP,
    "POWER_BI_SEMANTIC_MODEL_ID": DATASET,
    "POWER_BI_TENANT_ID": "tenant",
    "POWER_BI_CLIENT_ID": "client",
    "POWER_BI_CLIENT_SECRET": "hush",
}


def test_power_bi_is_asked_after_a_publication_and_after_nothing_else(run, power_bi, capfd) -> None:
    state, tasks = run({})
    assert (state, tasks["refresh_power_bi"]) == ("success", "skipped")
    assert (
        "No workspace is set (POWER_BI_WORKSPACE_ID in .env): Power BI is left alone"
        in capfd.readouterr().out
    )
    state, tasks = run(SETTINGS)
    assert (state, tasks["publish_trusted"], tasks["refresh_power_bi"]) == ("success", "success", "skipped")
    assert "The run published nothing: Power BI has nothing new to read" in capfd.readouterr().out
    assert power_bi.asked == []
    state, tasks = run(SETTINGS, mode="full refresh")
    assert (state, set(tasks.values())) == ("success", {"success"})
    assert power_bi.methods == ["POST", "GET"]
    assert "hush" not in capfd.readouterr().out


@pytest.mark.runbook("refresh_power_bi")
def test_refresh_that_fails_makes_the_run_red_and_the_star_stays(run, power_bi, platform, capfd) -> None:
    power_bi.answers["GET"] = [FAILED]
    state, tasks = run(SETTINGS)
    assert state == "failed"
    assert {name for name, ended in tasks.items() if ended != "success"} == {"refresh_power_bi"}
    assert "Failed. The star is published" in capfd.readouterr().out
    assert power_bi.methods == ["POST", "GET"]
    assert platform.query("bi_reader", "select count(*) > 0 from trusted.fct_viewing_sessions") == [(True,)]
    # As the runbook says: mended in Power BI, the task asks once more.
    power_bi.answers["GET"] = [COMPLETED]
    assert tasks_of_pipeline.refresh_power_bi()["status"] == "Completed"
    assert power_bi.methods == ["POST", "GET"] * 2
