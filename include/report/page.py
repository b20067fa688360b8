"""The report as one HTML file: facts -> report.html. Texts are escaped; nothing is loaded from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from include.metrics.formats import change, shown
from include.publish.swap import SHARED_COUNTS
from include.report.facts import Numbers, Recorded
from include.report.kpis import Kpi
from include.why import words
from include.why.explanation import Explanation, folded

FOLDER = Path(__file__).parent
MOST_PARTS, MOST_EVENTS, MOST_REJECTS = 8, 20, 50
NONE = "none"
# Titles of films and reasons of rejects are other people's texts.
TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Card:
    """A KPI as it is read; each of `changes` has the words, the way (up, down or none), and against what."""

    label: str
    meaning: str
    value: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Why:
    """Why the KPI moved: the sentence, and the parts by the dimension of the first cause."""

    label: str
    sentence: str
    dimension: str
    parts: list[list[str]]
    rows: str


def page(day: date, numbers: Numbers, recorded: Recorded) -> str:
    """Return the page."""
    publication = recorded.publication
    tables = {name: rows for name, rows in publication.row_counts.items() if not _is_shared(name)}
    return TEMPLATES.get_template("report.html").render(
        day=day,
        cards=[_card(one) for one in numbers.kpis],
        why=_why(numbers.explanation) if numbers.explanation else None,
        reason=numbers.reason,
        events=recorded.events[:MOST_EVENTS],
        more_events=len(recorded.events[MOST_EVENTS:]),
        rejects=recorded.rejects[:MOST_REJECTS],
        more_rejects=len(recorded.rejects[MOST_REJECTS:]),
        rejected=sum(one.rows for one in recorded.rejects),
        publication=publication,
        seen=recorded.seen,
        tables=tables,
        css=(FOLDER / "report.css").read_text(encoding="utf-8"),
    )


def _is_shared(table: str) -> bool:
    return table.startswith(SHARED_COUNTS)


def _card(kpi: Kpi) -> Card:
    return Card(kpi.metric.label, kpi.metric.description, _value(kpi, kpi.value), tuple(_changes(kpi)))


def _changes(kpi: Kpi) -> Iterator[tuple[str, str, str]]:
    for before, when in ((kpi.day_before, "the day before"), (kpi.week_before, "a week before")):
        text, way = change(kpi.value, before, _format(kpi))
        yield (text, way, f"from {_value(kpi, before)} {when}") if text else ("", way, f"no number {when}")


def _value(kpi: Kpi, number: float | None) -> str:
    return shown(number, _format(kpi)) or NONE


def _format(kpi: Kpi) -> str:
    return kpi.metric.meta["format"]


def _why(explanation: Explanation) -> Why:
    dimension = explanation.causes[0].dimension if explanation.causes else next(iter(explanation.parts), "")
    parts = folded(explanation, dimension, MOST_PARTS) if dimension else []
    return Why(
        label=explanation.metric.label,
        sentence=words.sentence(explanation),
        dimension=dimension.replace("_", " "),
        parts=words.table(explanation, parts),
        rows=words.rows(explanation),
    )
