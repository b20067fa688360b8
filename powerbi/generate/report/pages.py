"""Pages of the report with their visuals and places: the dashboard's, and one of how fresh the data are."""

from collections import Counter
from dataclasses import dataclass

from dashboard import pages as dashboard
from dashboard.selection import FILTERS
from include.errors import InputError
from include.metrics.definitions import Definitions
from powerbi.generate.measures import OF_LAST_MONTH, is_of_a_month
from powerbi.generate.report import layout
from powerbi.generate.report.charts import chart
from powerbi.generate.report.fields import Field, column, field_of, measure
from powerbi.generate.report.layout import Place
from powerbi.generate.report.theme import palette
from powerbi.generate.report.visuals import Visual, heading, slicer

FRESHNESS, EVENTS = "data_freshness", "data_events"
LAST_DAY = "last_day"
# A day that is not whole shows.
DAILY = dashboard.Chart("sessions", "lines", ("sessions",), ("day",))
# A title has several genres: one of them does not filter sessions, so there is no slicer of it.
SLICERS = ("day", *(name for name in FILTERS if name != "genre"))

# Title and text of the visuals that are tables of the two views.
TABLES = {
    FRESHNESS: (
        "The star that is shown",
        "One row: version of the star, its day, and up to which day it is whole",
    ),
    EVENTS: (
        "What happened to the data",
        "One row for each event: late, deleted and rejected rows, failed loads",
    ),
}


@dataclass(frozen=True)
class Page:
    """A page: its visuals in the order of the Tab key, each with its place."""

    name: str
    title: str
    visuals: tuple[tuple[Visual, Place], ...]

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return layout.height_of([place for _, place in self.visuals])


def pages(definitions: Definitions, freshness: dict[str, list[str]]) -> list[Page]:
    """Return all pages; `freshness` has the columns of the two views that tell of the data."""
    charts = {one.name: [chart(definitions, given) for given in one.charts] for one in dashboard.PAGES}
    slicers = _slicers(definitions)
    made = [
        _page(one.name, one.title, _cards(definitions, one.cards), charts[one.name], slicers)
        for one in dashboard.PAGES
    ]
    return [*made, _freshness(definitions, freshness)]


def _page(name: str, title: str, cards: Visual, charts: list[Visual], slicers: list[Visual]) -> Page:
    top, y = _heading(title), layout.HEADING + layout.MARGIN
    placed = [(top, Place(layout.MARGIN, layout.GAP, layout.WIDTH - 2 * layout.MARGIN, layout.HEADING))]
    if slicers:
        placed += zip(slicers, layout.row(y, layout.SLICER, len(slicers)), strict=True)
        y += layout.SLICER + layout.GAP
    placed += [(cards, layout.row(y, layout.CARDS, 1)[0])]
    y += layout.CARDS + layout.GAP
    placed += zip(charts, layout.grid(y, len(charts)), strict=True)
    for visual, count in Counter(visual.name for visual, _ in placed).items():
        if count > 1:
            raise InputError(f"{count} charts of the page {name} are called {visual}: each has its own name")
    return Page(name, title, tuple(placed))


def _heading(title: str) -> Visual:
    text = f"Heading of the page: {title}"
    return Visual(
        "heading", "textbox", title, text, objects=heading(title, palette()["ink"]), has_title=False
    )


def _slicers(definitions: Definitions) -> list[Visual]:
    made = []
    for name in SLICERS:
        field = field_of(definitions, name)
        mode = "Between" if name == "day" else "Dropdown"
        text = f"Choose the {field.label.lower()} of what the pages with slicers show"
        data = {"Values": (field,)}
        made.append(Visual(f"slicer {name}", "slicer", field.label, text, data, slicer(mode), synced=name))
    return made


def _cards(definitions: Definitions, names: tuple[str, ...]) -> Visual:
    metrics = [definitions.metrics[name] for name in names]
    labels = [
        OF_LAST_MONTH.format(one.label) if is_of_a_month(definitions, one) else one.label for one in metrics
    ]
    text = f"Numbers of what is chosen: {', '.join(labels)}"
    return Visual("cards", "cardVisual", "In all", text, {"Data": [measure(one) for one in labels]})


def _freshness(definitions: Definitions, columns: dict[str, list[str]]) -> Page:
    state, events = (_table(name, columns[name]) for name in (FRESHNESS, EVENTS))
    return _page("freshness", "How fresh the data are", state, [events, chart(definitions, DAILY)], [])


def _table(name: str, columns: list[str]) -> Visual:
    fields: list[Field] = [column(name, one) for one in columns]
    title, text = TABLES[name]
    newest = (column(name, LAST_DAY), "Descending") if LAST_DAY in columns else None
    return Visual(name, "tableEx", title, text, {"Values": fields}, sort=newest)
