"""Pages of Airflow's UI for the pictures: a run's graph, the form of a trigger, a question to a person."""

import re
import time
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, Page

from cli import CommandError
from cli.airflow_api import AirflowApi
from include.airflow_api import DAG_ID, run_path

SIZE = {"width": 1400, "height": 900}
# Airflow lays its graph out, and loads a task's tabs, in steps.
SETTLED_MILLISECONDS = 4000
PATIENCE_SECONDS = 300
QUESTION = "approve_publication"


def airflow_pages(browser: Browser, url: str, password: str, next_day: str) -> Iterator[tuple[str, Page]]:
    """Yield each picture's name with its page, while a run of `next_day` comes to ask a person.

    Raises CommandError when it does not come there.
    """
    api = AirflowApi(url, password)
    context = _logged_in(browser, url, password)
    yield "airflow-form", _form(context, url)
    run_id = api.trigger({"as_of": next_day, "publish": "ask"})
    _wait_for_question(api, run_id)
    address = url + run_path(run_id).removeprefix("/api/v2").replace("/dagRuns/", "/runs/")
    yield "airflow-approval", _opened(context, f"{address}/tasks/{QUESTION}/required_actions")
    graph = _opened(context, address)
    # From the grid to the graph.
    graph.keyboard.press("g")
    graph.wait_for_timeout(SETTLED_MILLISECONDS)
    yield "airflow", graph


def _logged_in(browser: Browser, url: str, password: str) -> BrowserContext:
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.goto(f"{url}/dags/{DAG_ID}")
    page.locator('input[name="username"]').fill("admin")
    page.locator('input[name="password"]').fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/dags/{DAG_ID}"), timeout=60_000)
    return context


def _opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_timeout(SETTLED_MILLISECONDS)
    return page


def _form(context: BrowserContext, url: str) -> Page:
    page = _opened(context, f"{url}/dags/{DAG_ID}")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_text("Business day").first.wait_for()
    page.wait_for_timeout(SETTLED_MILLISECONDS)
    return page


def _wait_for_question(api: AirflowApi, run_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(
        task["task_id"] == QUESTION and task["state"] == "awaiting_input"
        for task in api.task_instances(run_id)
    ):
        if time.monotonic() > deadline:
            raise CommandError(f"Run {run_id} did not ask within {PATIENCE_SECONDS} s")
        time.sleep(1)
