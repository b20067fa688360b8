"""Visuals of a report: metrics by fields as SQL answers them, held against what Power BI shows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from include.errors import MetricError
from include.metrics import Condition, Definitions, Question, ask
from include.metrics.checks import check
from tests.metrics.power_bi import PowerBi, slicers

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Visual:
    """All metrics that can be asked by the fields, with their answer."""

    definitions: Definitions
    by: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: list[dict]

    def numbers(self, metric: str) -> int:
        """Count the cells of the metric that are not empty."""
        return sum(bool(row[metric]) for row in self.rows) if metric in self.metrics else 0

    def differences(self, shown: PowerBi, metrics: Iterable[str] | None = None) -> list[tuple]:
        """Return the cells of these metrics, or of all, in which Power BI shows another number, with both."""
        looked_at = [name for name in self.metrics if metrics is None or name in metrics]
        return [found for row in self.rows for found in self._in_row(shown, looked_at, row)]

    def _in_row(self, shown: PowerBi, metrics: Sequence[str], row: dict) -> Iterator[tuple]:
        fields = {name: row[name] for name in self.by}
        labels = [self.definitions.metrics[name].label for name in metrics]
        values = shown.shows(labels, slicers(self.definitions, metrics, fields))
        for name, value in zip(metrics, values, strict=True):
            right = float(row[name] or 0)
            if abs(value - right) > TOLERANCE * max(1, abs(right)):
                yield name, fields, value, right


def visual(
    cursor: Cursor, definitions: Definitions, by: tuple[str, ...], where: Sequence[Condition] = ()
) -> Visual:
    """Ask all metrics that can be asked by the fields."""
    metrics = tuple(
        name
        for name in definitions.metrics
        if _can_be_asked(definitions, Question((name,), by, tuple(where)))
    )
    return Visual(definitions, by, metrics, ask(cursor, definitions, Question(metrics, by, tuple(where))))


def _can_be_asked(definitions: Definitions, question: Question) -> bool:
    try:
        check(definitions, question)
    except MetricError:
        return False
    return True
