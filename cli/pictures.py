"""`make pictures`: the screenshots of README and docs, from a demo of three days in a copy of this project.

Data flow: copy -> `demo` for three days -> `ui` -> chromium -> docs/images/*.png.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cli import CommandError
from cli.airflow_pictures import airflow_pages
from cli.power_bi_pictures import draw, report_pages
from include.environment import ROOT

IMAGES = ROOT / "docs" / "images"
DAYS = ("2024-09-01", "2024-09-02", "2024-09-03")
NEXT_DAY = "2024-09-04"
PRIVATE = (".git", ".venv", ".local", "node_modules", "export", "__pycache__", "[0-9]*-[0-9]*-[0-9]*")
# What `make ui` prints.
ADDRESSES = re.compile(r"Airflow:\s+(\S+)\nLogin:\s+admin / (\S+)\nDashboard: (\S+)\n")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


@dataclass(frozen=True)
class Picture:
    """A page of the dashboard as a file: its width, height and theme. Without a height it is whole."""

    name: str
    address: str
    width: int = 1280
    height: int | None = None
    theme: str = "light"


PICTURES = (
    Picture("dashboard", "/usage", height=1040),
    Picture("dashboard-users", "/users"),
    Picture("dashboard-content", "/content", theme="dark"),
    Picture("dashboard-why", "/why/watch_hours?day_of=2024-09-02"),
    Picture("dashboard-sessions", "/sessions?device=Mobile&genre=Drama", height=700),
    Picture("dashboard-phone", "/usage?plan=Premium", width=390, height=1200, theme="dark"),
)


# Pages of Power BI's report, drawn of all days that there are.
POWER_BI = ("users", "usage")
ALL_DAYS = "?from=2022-09-01&to=2024-09-03"


def make_pictures() -> None:
    """Write all pictures. Raises CommandError without a browser, or with what a command of the demo said."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise CommandError("No chromium is installed; on Debian and Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory(prefix="streaming-pictures-") as folder:
        # The embedded PostgreSQL runs as another user where this one is root.
        Path(folder).chmod(0o755)
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*PRIVATE))
        for day in DAYS:
            print(f"The demo as of {day}", flush=True)
            _run(copy, "demo", "--as-of", day)
        with _served(copy) as (airflow, password, dashboard), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            for picture in PICTURES:
                _take(browser, dashboard, picture)
            for name in POWER_BI:
                _take_power_bi(browser, dashboard, name)
            for name, page in airflow_pages(browser, airflow, password, NEXT_DAY):
                _save(page, name, is_whole=False)


def _run(copy: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", *command], cwd=copy, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def _served(copy: Path) -> Iterator[tuple[str, str, str]]:
    """Run `ui` in the copy during the block; yield Airflow's address and password, and the dashboard's."""
    command = [sys.executable, "-m", "cli", "ui"]
    with subprocess.Popen(command, cwd=copy, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = ""
            while not (found := ADDRESSES.search(said)):
                line = process.stdout.readline()
                if not line:
                    raise CommandError(f"ui ended: {said[-2000:]}")
                said += line
            yield found.groups()
        finally:
            process.send_signal(signal.SIGTERM)


def _take(browser: Browser, url: str, picture: Picture) -> None:
    size = {"width": picture.width, "height": picture.height or 900}
    page = browser.new_page(viewport=size, color_scheme=picture.theme)
    _open(page, url + picture.address)
    _save(page, picture.name, is_whole=picture.height is None)


def _take_power_bi(browser: Browser, url: str, name: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    _open(page, f"{url}/{name}{ALL_DAYS}")
    draw(page, report_pages()[name])
    _save(page, f"powerbi-{name}", is_whole=False)


def _open(page: Page, address: str) -> None:
    page.goto(address)
    # Until the star is copied a page says so, and loads again.
    page.locator("body[data-version]").wait_for(timeout=60_000)
    page.wait_for_function("document.documentElement.dataset.drawn === 'true'", timeout=60_000)


def _save(page: Page, name: str, *, is_whole: bool) -> None:
    page.screenshot(path=IMAGES / f"{name}.png", full_page=is_whole)
    print(f"docs/images/{name}.png", flush=True)
    page.close()
