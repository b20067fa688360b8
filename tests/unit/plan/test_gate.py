"""A person is asked before a star is published: each reason at its threshold, and only then."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from include.plan import Wishes
from include.plan.compare import Plan
from include.plan.gate import Figures, Rejected, reasons_to_ask
from include.plan.kpis import Move
from include.plan.tables import TableChange
from include.settings import Thresholds

DAY = date(2024, 9, 1)
FIGURES = Figures(DAY, (Rejected("users", 1_000, 0),), newest=DAY, days=1, usual=(500.0, 500.0, 500.0))


def plan(changed: int = 0, removed: int = 0, *moves: Move, added: int = 500) -> Plan:
    return Plan((TableChange("fct_viewing_sessions", 1_000, 1_500, added, removed, changed),), moves)


def move(days_ago: int, before: float, after: float) -> Move:
    return Move("sessions", DAY - timedelta(days=days_ago), before, after)


def test_of_a_usual_run_nobody_is_asked():
    assert reasons_to_ask(plan(5, 5, move(1, 100, 900), move(0, 0, 50)), FIGURES) == ()


@pytest.mark.parametrize(
    ("given", "figures", "reason"),
    [
        (plan(), {"loads": (Rejected("users", 1_000, 10),)}, None),
        (plan(), {"loads": (Rejected("users", 1_000, 11),)}, "1.1% of the rows of users were rejected"),
        (plan(), {"loads": (Rejected("users", 99, 50),)}, None),
        (plan(), {"loads": (Rejected("users", 0, 0),)}, None),
        (plan(120, 80), {}, None),
        (plan(120, 81), {}, "20.1% of the sessions that readers see change or go"),
        (plan(0, 0, move(14, 100, 50)), {}, None),
        (plan(0, 0, move(15, 100, 90)), {}, None),
        (plan(0, 0, move(15, 100, 89)), {}, "KPIs of days before the last 14 move by more than 10%"),
        (plan(added=2_500), {}, None),
        (plan(added=2_501), {}, "The run brings 2,501 sessions a day, the last 3 runs brought 500"),
        (plan(added=99), {}, "The run brings 99 sessions a day"),
        (plan(added=99), {"usual": (500.0, 500.0)}, None),
        (plan(added=0), {"days": None}, None),
        (plan(added=5_000), {"days": 10}, None),
        (plan(), {"newest": DAY - timedelta(days=1)}, None),
        (plan(), {"newest": DAY - timedelta(days=2)}, "The newest session is of 2024-08-30, 2 days before"),
        (plan(), {"newest": None}, None),
    ],
)  # fmt: skip
def test_each_reason_has_its_threshold(given, figures, reason):
    found = reasons_to_ask(given, replace(FIGURES, **figures))
    assert len(found) == (reason is not None)
    assert not reason or reason in found[0]


def test_all_reasons_are_named():
    figures = replace(FIGURES, loads=(Rejected("users", 1_000, 500),))
    assert len(reasons_to_ask(plan(500, 0, move(30, 100, 10)), figures)) == 3


def test_thresholds_can_be_set():
    lenient = Thresholds(changed_share=1, moved_share=1)
    assert reasons_to_ask(plan(500, 0, move(30, 100, 10)), FIGURES, lenient) == ()


def test_of_a_first_star_nobody_is_asked():
    first = Plan((TableChange("fct_viewing_sessions", 0, 10, None, None, None),), None)
    assert reasons_to_ask(first, FIGURES) == ()


def test_a_trigger_says_what_becomes_of_the_star():
    assert Wishes.from_params({}) == Wishes("ask", "yes", brings_files=False)
    given = {"quality_gate": "warn", "publish": "no", "data_dir": "mine"}
    assert Wishes.from_params(given) == Wishes("warn", "no", brings_files=True)
