"""Whether readers may be given the next star: its plan and the run's figures against thresholds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from include.plan.compare import Plan

FACT = "fct_viewing_sessions"
PUBLISH, ASK, STOP = "publish", "ask", "stop"


@dataclass(frozen=True)
class Thresholds:
    """Beyond these a person is asked; a star that does not equal its sources is stopped whatever they are.

    Shares are of 1. A day older than `settled_days` before the business day is not expected to move.
    """

    rejected_share: float = 0.01
    changed_share: float = 0.2
    kpi_share: float = 0.1
    settled_days: int = 14
    late_days: int = 1


@dataclass(frozen=True)
class Figures:
    """What the run says of itself: rows read and rejected, tables that differ, and how far it is whole."""

    as_of: date
    rows_read: int
    rows_rejected: int
    differing: tuple[str, ...]
    complete_through: date | None


@dataclass(frozen=True)
class Verdict:
    """`publish`, `ask` or `stop`, with a sentence for each reason."""

    decision: str
    reasons: tuple[str, ...]


def judge(plan: Plan, figures: Figures, thresholds: Thresholds | None = None) -> Verdict:
    """Return what is to be done with the next star."""
    limits = thresholds or Thresholds()
    if figures.differing:
        named = ", ".join(figures.differing)
        return Verdict(STOP, (f"Sources, raw and star differ: {named} (make reconcile)",))
    reasons = (*_of_rows(plan, figures, limits), *_of_kpis(plan, figures, limits), *_of_age(figures, limits))
    return Verdict(ASK if reasons else PUBLISH, reasons)


def _of_rows(plan: Plan, figures: Figures, limits: Thresholds) -> Iterator[str]:
    if figures.rows_read and (share := figures.rows_rejected / figures.rows_read) > limits.rejected_share:
        most = limits.rejected_share
        yield f"{share:.1%} of the rows were rejected, more than {most:.1%} (make quarantine)"
    for one in plan.tables:
        moved = (one.removed or 0) + (one.changed or 0)
        if one.name == FACT and one.rows_before and (share := moved / one.rows_before) > limits.changed_share:
            yield f"{share:.1%} of the sessions change or go, more than {limits.changed_share:.1%}"


def _of_kpis(plan: Plan, figures: Figures, limits: Thresholds) -> Iterator[str]:
    """Tell of days that are long over; the newest ones move with every run."""
    settled = [
        one for one in plan.moves or () if one.before and (figures.as_of - one.day).days > limits.settled_days
    ]
    moved = [one for one in settled if abs(one.share) > limits.kpi_share]
    if moved:
        first = moved[0]
        yield (
            f"{len(moved)} KPIs of days before the last {limits.settled_days} move by more than"
            f" {limits.kpi_share:.0%}, {first.metric} of {first.day} by {first.share:+.1%}"
        )


def _of_age(figures: Figures, limits: Thresholds) -> Iterator[str]:
    whole = figures.complete_through
    if whole and (late := (figures.as_of - whole).days) > limits.late_days:
        yield f"The data are whole only up to {whole}, {late} days before the business day"
