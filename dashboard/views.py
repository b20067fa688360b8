"""What the templates of a page are given: everything as texts, and the charts as Vega-Lite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dashboard.cards import card_of
from dashboard.figures import Figure, figure_of, label_of
from dashboard.links import Links
from dashboard.pages import PAGES, Page
from dashboard.publications import State
from dashboard.selection import FILTERS, PRESETS, Selection
from dashboard.specs import spec_of
from dashboard.star import Star
from dashboard.takeaways import takeaway_of
from include.metrics.definitions import Definitions

# So many rows of a table are shown; the file has all.
MOST_ROWS = 400
# Of what a metric is a number, by the folder that it lies in.
EVERYBODY = {"Users": "all users", "Viewing": "all sessions", "Catalogue": "all titles"}
STALE = (
    "The last load was {days} ago: the numbers may be old. `make publications` shows what readers were given."
)


def shell_of(state: State, selection: Selection | None) -> dict[str, object]:
    """Return what stands on every page: navigation, freshness, filters, and what is wrong."""
    star, age = state.star, None
    if state.health:
        age = state.health.stale_for(datetime.now(UTC))
    return {
        "pages": PAGES,
        "state": state,
        "health": state.health,
        "problem": state.problem,
        "stale": STALE.format(days=_days(age)) if age else None,
        "selection": selection,
        "filters": _filters(star, selection) if selection else [],
        "chips": _chips(star.definitions, selection) if selection else [],
        "presets": _presets(star, selection) if selection else [],
    }


def page_view(state: State, page: Page, selection: Selection, links: Links) -> dict[str, object]:
    """Return what the page's template is given."""
    star = state.star
    figures = (figure_of(star, chart, selection) for chart in page.charts)
    return {
        **shell_of(state, selection),
        "page": page,
        "most_rows": MOST_ROWS,
        "cards": [card_of(star, name, selection) for name in page.cards],
        "charts": [_chart(star.definitions, figure, selection, links) for figure in figures],
    }


def _chart(definitions: Definitions, figure: Figure, selection: Selection, links: Links) -> dict[str, object]:
    left_out = [label_of(definitions, name).lower() for name in figure.left_out]
    return {
        "figure": figure,
        "title": title_of(definitions, figure),
        "subtitle": subtitle_of(figure, selection),
        "takeaway": takeaway_of(figure),
        "headers": figure.headers(definitions),
        "left_out": left_out,
        "note": figure.metrics[0].description,
        "spec": spec_of(definitions, figure, lambda row: links.sessions(row.behind)),
    }


def title_of(definitions: Definitions, figure: Figure) -> str:
    """Return the measure and by what: `Active users by country`."""
    if figure.chart.kind == "dots":
        across = figure.chart.against
        against = label_of(definitions, across) if across else figure.metrics[0].label
        return f"{figure.metrics[-1].label} against {against.lower()}, by title"
    fields = (label_of(definitions, name).lower() for name in figure.fields)
    return f"{figure.metrics[0].label} by {' and '.join(fields)}"


def subtitle_of(figure: Figure, selection: Selection) -> str:
    """Return population, period and unit."""
    chosen = [", ".join(values) for name, values in selection.chosen if name not in figure.left_out]
    period = f"{_date(selection.first)} to {_date(selection.last)}" if figure.is_dated else "all time"
    units = dict.fromkeys(one.meta.get("unit", "") for one in figure.metrics)
    return " · ".join(
        [
            " · ".join(chosen) or EVERYBODY.get(figure.metrics[-1].meta.get("folder"), "all"),
            period,
            " and ".join(units),
        ]
    )


def _filters(star: Star, selection: Selection) -> list[dict[str, object]]:
    """Return the filters with the values that they offer; those chosen are among them."""
    return [
        {
            "name": name,
            "label": label_of(star.definitions, name),
            "values": star.members(name),
            "chosen": selection.values(name),
        }
        for name in FILTERS
    ]


def _chips(definitions: Definitions, selection: Selection) -> list[dict[str, object]]:
    """Return what is chosen, each with the selection without it."""
    return [
        {
            "text": f"{label_of(definitions, name)}: {value}",
            "without": selection.with_values(**{name: [one for one in values if one != value]}),
        }
        for name, values in selection.chosen
        for value in values
    ]


def presets_of(star: Star) -> dict[str, Selection]:
    """Return the periods that pages offer, by their names: each ends with the newest data."""
    first, last = star.days()
    spans = {name: max(first, last - timedelta(days=days - 1)) for name, days in PRESETS.items()}
    return {name: Selection(start, last) for name, start in (spans | {"All": first}).items()}


def _presets(star: Star, selection: Selection) -> list[dict[str, object]]:
    return [
        {
            "text": name,
            "selection": replace(one, chosen=selection.chosen),
            "is_on": (selection.first, selection.last) == (one.first, one.last),
        }
        for name, one in presets_of(star).items()
    ]


def _date(day: object) -> str:
    return f"{day:%-d %b %Y}"


def _days(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else f"{age.total_seconds() / 3600:.0f} hours"
