"""Whether readers may be given the next star: its plan and the run's figures against thresholds."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from include.plan.compare import Plan
from include.plan.tables import FACT
from include.settings import DEFAULT_THRESHOLDS, Thresholds

# Fewer rows say nothing of a share, fewer runs nothing of what is usual.
FEWEST_ROWS = 100
FEWEST_RUNS = 3


@dataclass(frozen=True)
class Rejected:
    """How many rows a load of a table read and rejected."""

    table: str
    read: int
    rejected: int

    @property
    def share(self) -> float:
        return self.rejected / self.read if self.read >= FEWEST_ROWS else 0.0


@dataclass(frozen=True)
class Figures:
    """What the run says of itself.

    `newest` is the day of its newest session, None where no day is expected. `days` are the business days
    that it brings, None for none; `usual` the sessions a day that each of the last runs brought.
    """

    as_of: date
    loads: tuple[Rejected, ...] = ()
    newest: date | None = None
    days: int | None = None
    usual: tuple[float, ...] = ()


def reasons_to_ask(
    plan: Plan, figures: Figures, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> tuple[str, ...]:
    """Return a sentence for each threshold that is exceeded; none where readers may have the star."""
    return (
        *_of_rejected(figures, thresholds),
        *_of_changed(plan, thresholds),
        *_of_added(plan, figures, thresholds),
        *_of_moved(plan, figures, thresholds),
        *_of_age(figures, thresholds),
    )


def _of_rejected(figures: Figures, limits: Thresholds) -> Iterator[str]:
    for load in figures.loads:
        if load.share > limits.rejected_share:
            most = f"{limits.rejected_share:.1%} (ASK_REJECTED_SHARE)"
            yield f"{load.share:.1%} of the rows of {load.table} were rejected, more than {most}"


def _of_changed(plan: Plan, limits: Thresholds) -> Iterator[str]:
    fact = plan.table(FACT)
    moved = (fact.removed or 0) + (fact.changed or 0)
    if fact.rows_before >= FEWEST_ROWS and (share := moved / fact.rows_before) > limits.changed_share:
        most = f"{limits.changed_share:.1%} (ASK_CHANGED_SHARE)"
        yield f"{share:.1%} of the sessions that readers see change or go, more than {most}"


def _of_added(plan: Plan, figures: Figures, limits: Thresholds) -> Iterator[str]:
    added = plan.table(FACT).added
    if added is None or not figures.days or len(figures.usual) < FEWEST_RUNS:
        return
    usual, now = statistics.median(figures.usual), added / figures.days
    if usual >= FEWEST_ROWS and not usual / limits.rows_factor <= now <= usual * limits.rows_factor:
        many = f"the last {len(figures.usual)} runs brought {usual:,.0f} (their median)"
        yield f"The run brings {now:,.0f} sessions a day, {many}: beyond ASK_ROWS_FACTOR"


def _of_moved(plan: Plan, figures: Figures, limits: Thresholds) -> Iterator[str]:
    """Tell of days that are long over; the newest ones move with every run."""
    settled = (one for one in plan.moves or () if (figures.as_of - one.day).days > limits.settled_days)
    moved = [one for one in settled if abs(one.share) > limits.moved_share]
    if moved and plan.table(FACT).rows_before >= FEWEST_ROWS:
        first = moved[0]
        yield (
            f"KPIs of days before the last {limits.settled_days} move by more than {limits.moved_share:.0%}"
            f" (ASK_MOVED_SHARE) {len(moved)} times, {first.metric} of {first.day} by {first.share:+.1%}"
        )


def _of_age(figures: Figures, limits: Thresholds) -> Iterator[str]:
    if figures.newest and (late := (figures.as_of - figures.newest).days) > limits.late_days:
        yield (
            f"The newest session is of {figures.newest}, {late} days before the business day: more than"
            f" {limits.late_days} (ASK_LATE_DAYS)"
        )
