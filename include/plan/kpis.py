"""KPIs by day in two stars: which days move, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import cursor as Cursor

from include.metrics import Definitions, Question, ask

KPIS = ("sessions", "watch_hours", "completed_sessions", "active_users", "new_users")


@dataclass(frozen=True)
class Move:
    """A KPI of a day, in the star that readers see and in the next one; a day that one lacks has 0."""

    metric: str
    day: date
    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def share(self) -> float:
        """Return the change as a share of what readers see; 1 for a day that they do not."""
        return self.change / self.before if self.before else float(bool(self.change))


def compare_kpis(
    cursor: Cursor, definitions: Definitions, seen: str, following: str, kpis: Sequence[str] = KPIS
) -> list[Move]:
    """Return the days on which a KPI moves, the largest changes first."""
    before, after = (_by_day(cursor, definitions, kpis, schema) for schema in (seen, following))
    moves = [
        Move(metric, day, before.get((metric, day), 0.0), after.get((metric, day), 0.0))
        for metric, day in sorted(before.keys() | after.keys())
    ]
    return sorted((one for one in moves if one.change), key=lambda one: (-abs(one.share), -abs(one.change)))


def _by_day(
    cursor: Cursor, definitions: Definitions, kpis: Sequence[str], schema: str
) -> dict[tuple[str, date], float]:
    rows = ask(cursor, definitions, Question(tuple(kpis), ("day",)), schema)
    return {(name, row["day"]): float(row[name] or 0) for row in rows for name in kpis}
