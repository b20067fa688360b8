"""Each page, as people see it: wide and on a phone, light and dark; with axe as the judge."""

import pytest

from dashboard.pages import BY_NAME
from tests.browser.conftest import AXE, Open

ADDRESSES = (
    "/users",
    "/content",
    "/usage",
    "/usage?device=Mobile&plan=Premium&genre=Drama",
    "/sessions?device=Mobile",
    "/why/watch_hours?week=2024-08-26",
    "/why/active_users?day_of=2024-08-31&by=genre",
    "/usage?country=Atlantis",
)
OVERFLOW = "document.scrollingElement.scrollWidth - window.innerWidth"
# A label that ends with an ellipsis was cut.
LABELS = "[...document.querySelectorAll('.chart svg text')].map(one => one.textContent)"
CUT = f"{LABELS}.filter(one => one.endsWith('…'))"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("address", ADDRESSES)
def test_page_fits_and_everybody_can_read_it(open_page: Open, url, address, width, theme):
    page = open_page(url + address, width, theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate(OVERFLOW) <= 0
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run().then(found => found.violations)")
    found = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in violations]
    assert found == []


@pytest.mark.parametrize("name", BY_NAME)
def test_every_chart_is_drawn_with_its_marks(open_page: Open, url, name):
    page = open_page(f"{url}/{name}")
    for chart in BY_NAME[name].charts:
        panel = page.locator(f"#{chart.name}")
        if "There are no numbers" in panel.inner_text():
            continue
        marks = panel.locator("svg path, svg circle, svg rect").count()
        assert marks > 3, chart.name
    assert page.evaluate(CUT) == []
