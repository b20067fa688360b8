"""The KPIs of a day, beside those of the day before and of the same weekday a week before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from psycopg2.extensions import cursor as Cursor

from include.metrics import Condition, Definitions, Question, ask
from include.metrics.definitions import Metric

# Of all of them more is better.
KPIS = ("active_users", "new_users", "sessions", "watch_hours", "completed_sessions", "completion_rate")


@dataclass(frozen=True)
class Kpi:
    """A metric of the day, of the day before and of a week before; a ratio is None where there is none."""

    metric: Metric
    value: float | None
    day_before: float | None
    week_before: float | None

    @property
    def move(self) -> float:
        """Return the change against the week before, as a share of it without its sign; 0 without one."""
        if self.value is None or not self.week_before:
            return 0.0
        return abs(self.value / self.week_before - 1)


def kpis_of(
    cursor: Cursor, definitions: Definitions, day: date, names: Sequence[str] = KPIS
) -> tuple[Kpi, ...]:
    """Return the KPIs of the day, in their order."""
    days = [day - timedelta(days=count) for count in (0, 1, 7)]
    where = Condition("day", "=", tuple(map(str, days)))
    rows = {row["day"]: row for row in ask(cursor, definitions, Question(tuple(names), ("day",), (where,)))}
    metrics = [definitions.metrics[name] for name in names]
    return tuple(Kpi(one, *(_number(one, rows.get(day, {})) for day in days)) for one in metrics)


def _number(metric: Metric, row: Mapping[str, object]) -> float | None:
    """Return the metric's number. An answer leaves out what was not counted: that is 0, but no ratio."""
    if (value := row.get(metric.name)) is not None:
        return float(value)
    return None if metric.kind == "ratio" else 0.0
