"""The facts of a report, read once: of the star, and of what the platform recorded about the day."""

from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import cursor as Cursor

from include.errors import InputError, MetricError
from include.metrics import Definitions
from include.ops.publications import Publication, current_publication, publication_of_day
from include.report.kpis import Kpi, kpis_of
from include.report.rejects import Rejects, rejects_of
from include.why.compared import Period
from include.why.events import Event, read_events
from include.why.explain import explain
from include.why.explanation import Explanation

NO_WEEK = "There are no numbers of a week before to compare with: nothing to explain."
NO_MOVE = "No number moved against the same weekday a week before."


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a day: its newest publication, what readers see now, rejects and data events."""

    publication: Publication
    seen: Publication
    rejects: list[Rejects]
    events: list[Event]


@dataclass(frozen=True)
class Numbers:
    """What the star says of a day; `explanation` is of the KPI that moved most, or None, and `reason` why."""

    kpis: tuple[Kpi, ...]
    explanation: Explanation | None
    reason: str


def recorded_of(cursor: Cursor, day: date | None) -> Recorded:
    """Return what is recorded of the day, or of the one that readers see; `cursor` is one of elt_loader.

    Raises InputError where nothing was published of it.
    """
    seen = current_publication(cursor)
    day = day or (seen and seen.as_of)
    publication = publication_of_day(cursor, day) if day else None
    if publication is None:
        raise InputError(
            f"There is no report of {day or 'a day'}: no star was published of it. `make publications` lists"
            " the days; trigger again with one of them as the partition key"
        )
    period = Period("day", publication.as_of)
    rejects = rejects_of(cursor, publication.batch_id)
    return Recorded(publication, seen, rejects, read_events(cursor, period))


def numbers_of(cursor: Cursor, definitions: Definitions, day: date) -> Numbers:
    """Return what the star that readers see says of the day; `cursor` is one of bi_reader."""
    kpis = kpis_of(cursor, definitions, day)
    moved = max(kpis, key=lambda one: one.move)
    if not moved.move:
        return Numbers(kpis, None, NO_MOVE if any(one.week_before for one in kpis) else NO_WEEK)
    try:
        return Numbers(kpis, explain(cursor, definitions, moved.metric.name, Period("day", day)), "")
    except MetricError as error:
        return Numbers(kpis, None, str(error))
