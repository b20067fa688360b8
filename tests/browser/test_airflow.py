"""People in Airflow's UI, by a real browser: log in, fill in the form, see dbt's nodes, approve.

Scenario: the tests follow one another on one Airflow, of which one day is published already.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from include.airflow_api import DAG_ID
from tests.running_airflow import Airflow, running_airflow

MILLISECONDS = 60_000
VERSION = "select coalesce(max(version), 0) from ops.publications"


@pytest.fixture(scope="module")
def airflow() -> Iterator[Airflow]:
    with running_airflow() as airflow:
        run_id = airflow.trigger("2024-09-01")
        assert airflow.wait(run_id) == "success", airflow.states(run_id)
        yield airflow


@pytest.fixture(scope="module")
def page(browser: Browser, airflow: Airflow) -> Iterator[Page]:
    """Airflow's UI, logged in."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(MILLISECONDS)
    # It has a patience of its own.
    expect.set_options(timeout=MILLISECONDS)
    page.goto(f"{airflow.api.url}/dags/{DAG_ID}")
    page.locator('input[name="username"]').fill("admin")
    page.locator('input[name="password"]').fill(airflow.env["AIRFLOW_UI_PASSWORD"])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/dags/{DAG_ID}"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def asked(airflow: Airflow, page: Page) -> str:
    """The run that was triggered by the form, and waits for a person."""
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    for title in ("Business day", "Mode", "Tables", "Folder with your own files", "Publish"):
        expect(form.get_by_text(title).first).to_be_visible()
    form.locator("#element_as_of").fill("2024-09-02")
    form.get_by_role("combobox", name="Publish").click()
    page.keyboard.type("ask")
    page.keyboard.press("Enter")
    form.get_by_role("contentinfo").get_by_role("button", name="Trigger").click()
    expect(form).to_be_hidden()
    (run_id,) = [run["dag_run_id"] for run in airflow.runs() if run["conf"].get("as_of") == "2024-09-02"]
    airflow.wait_for(run_id, "approve_publication", "awaiting_input")
    return run_id


def address(airflow: Airflow, run_id: str, rest: str = "") -> str:
    return f"{airflow.api.url}/dags/{DAG_ID}/runs/{quote(run_id, safe='')}{rest}"


def test_form_triggers_a_run_that_asks(airflow: Airflow, asked: str) -> None:
    (run,) = [run for run in airflow.runs() if run["dag_run_id"] == asked]
    assert (run["conf"]["publish"], run["conf"]["mode"]) == ("ask", "incremental")


def test_node_of_dbt_shows_its_state_and_figures(airflow: Airflow, page: Page, asked: str) -> None:
    page.goto(address(airflow, asked, "/tasks/dbt_nodes.models.dim_users"))
    ((rows,),) = airflow.query("dbt_transformer", "select count(*) from trusted_next.dim_users")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()
    expect(page.get_by_text(re.compile(rf"\d s, {rows} rows, ")).first).to_be_visible()


def test_person_reads_the_plan_and_approves(airflow: Airflow, page: Page, asked: str) -> None:
    ((before,),) = airflow.query("elt_loader", VERSION)
    page.goto(address(airflow, asked, "/tasks/approve_publication/required_actions"))
    expect(page.get_by_text("fct_viewing_sessions").first).to_be_visible()
    # As long as a person reads (test_approval.py).
    page.wait_for_timeout(8_000)
    page.get_by_role("button", name="Approve").click()
    assert airflow.wait(asked) == "success", airflow.states(asked)
    assert airflow.query("elt_loader", VERSION) == [(before + 1,)]
    page.goto(address(airflow, asked))
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()
