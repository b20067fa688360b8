"""The next star is published, asked about or stopped: each reason at its threshold, and only then."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from include.plan.compare import Plan
from include.plan.gate import Figures, judge
from include.plan.kpis import Move
from include.plan.tables import TableChange

DAY = date(2024, 9, 1)
FIGURES = Figures(DAY, rows_read=1_000, rows_rejected=0, differing=(), complete_through=DAY)


def plan(changed: int = 0, removed: int = 0, *moves: Move) -> Plan:
    return Plan((TableChange("fct_viewing_sessions", 1_000, 1_010, 10, removed, changed),), moves)


def move(days_ago: int, before: float, after: float) -> Move:
    return Move("sessions", DAY - timedelta(days=days_ago), before, after)


def test_a_usual_run_is_published():
    assert judge(plan(5, 5, move(1, 100, 900), move(0, 0, 50)), FIGURES).decision == "publish"


@pytest.mark.parametrize(
    ("given", "figures", "decision", "reason"),
    [
        (plan(), {"rows_rejected": 10}, "publish", None),
        (plan(), {"rows_rejected": 11}, "ask", "1.1% of the rows were rejected, more than 1.0%"),
        (plan(), {"rows_read": 0, "rows_rejected": 0}, "publish", None),
        (plan(120, 80), {}, "publish", None),
        (plan(120, 81), {}, "ask", "20.1% of the sessions change or go"),
        (plan(0, 0, move(14, 100, 50)), {}, "publish", None),
        (plan(0, 0, move(15, 100, 90)), {}, "publish", None),
        (plan(0, 0, move(15, 100, 89)), {}, "ask", "1 KPIs of days before the last 14 move by more than 10%"),
        (plan(), {"complete_through": DAY - timedelta(days=1)}, "publish", None),
        (plan(), {"complete_through": DAY - timedelta(days=2)}, "ask", "whole only up to 2024-08-30, 2 days"),
        (plan(), {"complete_through": None}, "publish", None),
        (plan(), {"differing": ("users",)}, "stop", "Sources, raw and star differ: users"),
        (plan(999), {"differing": ("users",)}, "stop", "Sources, raw and star differ"),
    ],
)  # fmt: skip
def test_each_reason_has_its_threshold(given, figures, decision, reason):
    verdict = judge(given, replace(FIGURES, **figures))
    assert verdict.decision == decision
    if reason is None:
        assert verdict.reasons == ()
    else:
        assert reason in verdict.reasons[0]


def test_all_reasons_are_named():
    verdict = judge(plan(500, 0, move(30, 100, 10)), replace(FIGURES, rows_rejected=500))
    assert (verdict.decision, len(verdict.reasons)) == ("ask", 3)


def test_a_first_star_is_published():
    assert judge(
        Plan((TableChange("fct_viewing_sessions", 0, 10, None, None, None),), None), FIGURES
    ) == judge(plan(), FIGURES)
