"""A real browser, Debian's chromium, on a dashboard that runs as a process of its own on the demo's star."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from cli.dashboard import dashboard
from include.embedded.processes import free_port
from include.metrics import Definitions, read_definitions
from tests.conftest import Platform
from tests.metrics.copies import copied_star
from tests.metrics.stars import build_demo_star

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
COPY_SECONDS = 60
# Root's chromium starts without its sandbox only; it shows nothing but our own pages.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture(scope="session")
def demo_star(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    star = copied_star(servers, tmp_path_factory.getbasetemp() / "demo.dump", build_demo_star)
    yield star
    star.close()


@contextmanager
def served(env: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Run the dashboard as `make dashboard` does, in the block; yield its address once it shows a star."""
    with dashboard(folder, {**env, "DASHBOARD_PORT": str(free_port())}) as url:
        deadline = time.monotonic() + COPY_SECONDS
        while requests.get(f"{url}/publication", timeout=2).json()["version"] is None:
            assert time.monotonic() < deadline, (folder / "dashboard.log").read_text()
            time.sleep(0.1)
        yield url


@pytest.fixture(scope="session")
def url(demo_star: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(demo_star.env, tmp_path_factory.mktemp("dashboard")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "No chromium is installed; on Debian and Ubuntu: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Return what opens a page and waits until its charts are drawn. The console must stay empty."""
    said: list[str] = []
    contexts = []

    def opened(address: str, width: int = 1280, theme: str = "light", *, is_drawn: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        if is_drawn:
            drawn(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def drawn(page: Page) -> None:
    """Wait until the page's charts are there."""
    page.wait_for_function("document.documentElement.dataset.drawn === 'true'")
