"""What people do: filter, go from a number to its sessions, take a file, use the keyboard, open an export."""

import re
from collections.abc import Iterator

import pytest
from psycopg2.extensions import cursor as Cursor

from dashboard.export import export
from dashboard.pages import PAGES
from dashboard.selection import FILTERS
from dashboard.warehouse import Warehouse
from include.metrics import Condition, Question, ask
from include.metrics.formats import shown
from tests.browser.conftest import Open, drawn
from tests.conftest import Platform
from tests.dashboard.conftest import settings_of

DAYS = (Condition("day", ">=", ("2024-06-10",)), Condition("day", "<=", ("2024-09-01",)))
CHOSEN = {
    "country": "Brazil",
    "plan": "Basic",
    "device": "Tablet",
    "content_type": "series",
    "genre": "Comedy",
}


@pytest.fixture
def reader(demo_star: Platform) -> Iterator[Cursor]:
    with demo_star.connect("bi_reader") as connection, connection.cursor() as cursor:
        yield cursor


def card(page, metric: str) -> str:
    return page.locator(f'[data-metric="{metric}"] .value').inner_text()


@pytest.mark.parametrize("field", FILTERS)
def test_each_filter_acts_and_can_be_taken_away(open_page: Open, url, reader, definitions, field):
    page = open_page(f"{url}/usage")
    everybody = card(page, "sessions")
    box = page.locator(f'input[name="{field}"][value="{CHOSEN[field]}"]')
    page.locator("details.filter", has=box).locator("summary").click()
    box.check()
    page.get_by_role("button", name="Apply").click()
    drawn(page)
    metric = "genre_sessions" if field == "genre" else "sessions"
    where = (*DAYS, Condition(field, "=", (CHOSEN[field],)))
    (expected,) = ask(reader, definitions, Question((metric,), where=where))
    assert card(page, metric) == shown(expected[metric], definitions.metrics[metric].meta["format"])
    page.get_by_role("link", name=f": {CHOSEN[field]}").click()
    drawn(page)
    assert card(page, "sessions") == everybody


def test_dates_act(open_page: Open, url, reader, definitions):
    page = open_page(f"{url}/usage")
    page.get_by_label("From", exact=True).fill("2024-08-01")
    page.get_by_label("to", exact=True).fill("2024-08-31")
    page.get_by_role("button", name="Apply").click()
    drawn(page)
    where = (Condition("month", "=", ("2024-08",)),)
    (expected,) = ask(reader, definitions, Question(("sessions",), where=where))
    assert card(page, "sessions") == f"{expected['sessions']:,}"
    page.get_by_role("link", name="4 weeks").click()
    drawn(page)
    assert page.get_by_label("From", exact=True).input_value() == "2024-08-05"


def test_from_a_row_and_from_a_card_to_the_sessions_behind_it(open_page: Open, url):
    page = open_page(f"{url}/usage?device=Mobile")
    sessions = card(page, "sessions")
    page.get_by_role("link", name="Sessions behind Sessions").click()
    assert page.locator(".takeaway").inner_text().startswith(f"{sessions} sessions")
    page.go_back()
    drawn(page)
    row = page.locator("#lengths tbody tr").first
    name, count = row.locator("th").inner_text(), row.locator("td").inner_text()
    row.get_by_role("link").click()
    assert page.locator(".takeaway").inner_text().startswith(f"{count} sessions")
    assert page.get_by_role("link", name=f"Session length: {name}").count() == 1


def test_from_a_mark_of_a_chart_to_the_sessions_behind_it(open_page: Open, url):
    page = open_page(f"{url}/users")
    page.locator("#countries .mark-rect path").first.click()
    page.wait_for_url(re.compile("/sessions"))
    assert "country=United+States" in page.url


def test_file_of_a_chart_is_its_table(open_page: Open, url):
    page = open_page(f"{url}/content")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV: Genre watch hours by genre").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    cells = page.locator("#genres tbody tr").first.locator("th, td").all_inner_texts()
    assert lines[0] == "Genre,Genre watch hours"
    assert lines[1].replace('"', "") == ",".join(cells)


def test_keyboard_alone_reaches_everything(open_page: Open, url):
    page = open_page(f"{url}/usage")
    reachable = page.evaluate(
        "[...document.querySelectorAll("
        "'a[href], button, summary, input:not([type=hidden]), [tabindex=\"0\"]')]"
        ".filter(one => one.checkVisibility() && !one.closest('details:not([open]) fieldset')).length"
    )
    reached = set()
    for _ in range(reachable + 40):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "(() => { const all = [...document.querySelectorAll('*')];"
            " return all.indexOf(document.activeElement) })()"
        )
        if place in reached and len(reached) >= reachable:
            break
        reached.add(place)
    # A date field is reached once, though it has several parts.
    assert len(reached - {-1}) >= reachable
    page.locator("summary", has_text="Device").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent").startswith("Device")
    page.get_by_role("button", name="Apply").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("device="))
    drawn(page)
    page.get_by_role("button", name="Switch between light and dark").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    drawn(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_why_is_one_click_from_each_card_that_has_parts(open_page: Open, url):
    page = open_page(f"{url}/usage")
    page.get_by_role("link", name="Why did Watch hours move?").click()
    drawn(page)
    assert page.locator("h1").inner_text() == "Why did Watch hours move?"
    page.get_by_role("link", name="Device").click()
    drawn(page)
    assert page.locator("#waterfall-title").inner_text().startswith("Watch hours by device")
    steps = page.locator("tbody tr").count() + 2
    assert page.locator(".mark-rect path").count() == steps


def test_export_opens_from_disk(open_page: Open, demo_star, url, tmp_path):
    export(Warehouse(settings_of(demo_star)), tmp_path / "export")
    live = open_page(f"{url}/usage")
    page = open_page(f"file://{tmp_path}/export/usage.html")
    assert page.locator(".value").all_inner_texts() == live.locator(".value").all_inner_texts()
    assert page.locator("svg.marks").count() >= 5
    for one in PAGES:
        page.get_by_role("link", name=one.title).click()
        drawn(page)
        assert page.locator("h1").inner_text() == one.title
