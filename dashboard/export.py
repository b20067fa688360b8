"""The pages as files: one folder with what readers see now, that opens from disk and needs no server."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.cards import can_be_explained
from dashboard.links import Links
from dashboard.pages import PAGES
from dashboard.publications import Publications
from dashboard.selection import DEFAULT_DAYS, Selection
from dashboard.source import Source
from dashboard.star import Star
from dashboard.views import presets_of
from include.errors import InputError

# It says which publication the folder holds, and that it may be replaced.
MARK = "publication.json"
STATIC = ("style.css", "theme.js", "charts.js", "page.js")
SHORT_WHY = {"by", "week", "day_of"}


class FileLinks(Links):
    """Names of files. What is not exported, such as lists of sessions, has none."""

    is_export = True

    def __init__(self, periods: dict[str, Selection]) -> None:
        self.periods = periods

    def page(self, name: str, selection: Selection | None) -> str | None:
        period = self._period(selection)
        if period is None:
            return None
        name = "index" if name == PAGES[0].name else name
        return f"{name}.html" if period == self.default else f"{name}-{period}.html"

    def csv(self, page: str, chart: str, selection: Selection) -> str | None:
        return f"data/{page}-{chart}-{self._period(selection)}.csv"

    def sessions(self, selection: Selection | None, page: int = 1, suffix: str = "") -> None:
        return None

    def why(self, metric: str, selection: Selection, **arguments: str) -> str | None:
        return None if SHORT_WHY & set(arguments) else f"why-{metric}.html"

    def static(self, name: str) -> str:
        return f"static/{name}"

    @property
    def default(self) -> str:
        """Return the period that pages show at first."""
        return next(name for name, one in self.periods.items() if one.days >= min(DEFAULT_DAYS, self.longest))

    @property
    def longest(self) -> int:
        """Return how many days there are."""
        return max(one.days for one in self.periods.values())

    def _period(self, selection: Selection | None) -> str | None:
        if selection is None:
            return self.default
        return next((name for name, one in self.periods.items() if one == selection), None)


def export(source: Source, folder: Path) -> None:
    """Write the folder, and say how big it is. An earlier export there is replaced.

    Raises InputError where nothing can be read, or the folder holds something else.
    """
    refuse_other_files(folder)
    publications = Publications(source)
    publications.refresh()
    state = publications.state
    if state.star is None or state.star.days() is None:
        raise InputError(state.problem or "The star has no sessions: there is nothing to export")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part:
        new = Path(part) / "new"
        _write(publications, new)
        (new / MARK).write_text(json.dumps(asdict(state.health), default=str, indent=2) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    what = f"Publication {state.star.version}, as of {state.health.as_of}"
    print(f"{what}: {folder}/index.html, {size / 1e6:.1f} MB")


def refuse_other_files(folder: Path) -> None:
    """Raise InputError where the folder holds anything but an earlier export."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).exists())):
        raise InputError(f"{folder} holds other files, which an export would replace: name another, OUT=…")


def _write(publications: Publications, folder: Path) -> None:
    star = publications.state.star
    links, server = FileLinks(periods(star)), Links()
    client = create_app(publications, links).test_client()
    for name in STATIC:
        _save(client, server.static(name), folder / links.static(name))
    for selection in links.periods.values():
        for page in PAGES:
            _save(client, server.page(page.name, selection), folder / links.page(page.name, selection))
            for chart in page.charts:
                address = server.csv(page.name, chart.name, selection)
                _save(client, address, folder / links.csv(page.name, chart.name, selection))
    for metric in dict.fromkeys(
        name for page in PAGES for name in page.cards if can_be_explained(star, name)
    ):
        _save(client, server.why(metric, links.periods[links.default]), folder / f"why-{metric}.html")


def periods(star: Star) -> dict[str, Selection]:
    """Return the periods that are exported, by the names that their files have."""
    return {name.lower().replace(" ", "-"): one for name, one in presets_of(star).items()}


def _save(client: FlaskClient, address: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    response = client.get(address)
    # What has no answer, as why a number moved that was never other than 0, says so on its page.
    if response.status_code not in (200, 400):
        raise InputError(f"{address} gave {response.status}: {response.text[:300]}")
    path.write_bytes(response.data)
