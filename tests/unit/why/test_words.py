"""How an explanation is said and printed."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from cli.why import _print, period_of
from include.errors import MetricError
from include.metrics import read_definitions
from include.why.compared import Period
from include.why.events import Event
from include.why.explanation import Explanation, Part, folded
from include.why.rows import Rows
from include.why.usual import Usual
from include.why.words import differences, sentence

DAY = Period("day", date(2024, 8, 30))
SPAIN = Part("country", "Spain", Fraction(60), Fraction(20), Fraction(-40), beyond=-41.5, score=30.0)
OTHERS = tuple(
    Part("country", name, Fraction(50), Fraction(151, 3), Fraction(1, 3), score=-1.0) for name in "ABCDEF"
)
TITLE = Part("title", "The Hit", Fraction(0), Fraction(9), Fraction(9), beyond=9.0, score=7.0)


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    return Explanation(
        metric=read_definitions().metrics["watch_hours"],
        period=DAY,
        compared=DAY.before(),
        before=Fraction(400),
        after=Fraction(362),
        usual=Usual(400.0, 350.0, 450.0, 8),
        parts={"country": (SPAIN, *OTHERS)},
        causes=(SPAIN, TITLE),
        rows=Rows("fct_viewing_sessions", 500, (510, 490)),
        is_ratio=False,
        is_distinct=False,
    )


def test_cause_is_named_with_what_it_moved(explanation):
    assert sentence(explanation) == (
        "Watch hours fell by 38.0 (-9.5 %) against Friday 2024-08-23, the same weekday a week before. 362.0"
        " is within the usual range, 350.0 to 450.0. Look first at country Spain: it moved the whole by -41.5"
        " beyond what it would have, had it moved like all others. Unusual as well: title The Hit, which had"
        " none before (+9.0)."
    )


def test_even_change_points_to_the_rows(explanation):
    even = replace(explanation, after=Fraction(200), causes=())
    assert sentence(even).endswith(
        "200.0 is below the usual range, 350.0 to 450.0. All parts moved alike: so it looks when a partition"
        " is lost, or loaded in part or twice. fct_viewing_sessions has 500 rows of that time; those before"
        " have 490 to 510."
    )


def test_quiet_week_is_said_to_be_usual(explanation):
    week = Period("week", date(2024, 8, 26))
    quiet = replace(explanation, after=Fraction(400), causes=(), period=week, compared=week.before())
    assert sentence(quiet) == (
        "Watch hours did not change against the week of 2024-08-19, the week before. 400.0 is within the"
        " usual range, 350.0 to 450.0. No part stands out."
    )


def test_short_history_is_said(explanation):
    new = replace(explanation, usual=None, causes=())
    assert sentence(new).endswith("There are too few periods before to say what is usual.")


def test_shares_move_by_points(explanation):
    rate = replace(
        explanation,
        metric=read_definitions().metrics["completion_rate"],
        before=Fraction(45, 100),
        after=Fraction(4725, 10000),
        usual=Usual(0.45, 0.4, 0.5, 8),
        causes=(),
        is_ratio=True,
    )
    assert sentence(rate).startswith("Completion rate rose by 2.25 points (+5.0 %) against")
    assert "47.25% is within the usual range, 40.00% to 50.00%." in sentence(rate)


def test_shown_differences_add_up(explanation):
    assert differences(explanation, [Fraction(1, 30)] * 3) == ["0.0", "+0.1", "0.0"]
    assert differences(explanation, [Fraction(-1, 2), Fraction(1, 2)]) == ["-0.5", "+0.5"]


def test_others_are_one_part(explanation):
    parts = folded(explanation, "country", 2)
    assert [part.member for part in parts] == ["Spain", "A", "all others (5)"]
    assert sum(part.change for part in parts) == explanation.change
    assert len(folded(explanation, "country", 6)) == 7
    assert folded(replace(explanation, parts={"country": (*OTHERS, SPAIN)}), "country", 1)[1] == SPAIN


def test_table_and_events_are_printed(explanation, capsys):
    days = [date(2024, 8, 30)] * 3
    events = [Event("rejected", *days, "viewing_sessions", 1234)] * 22
    _print(explanation, events)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "watch_hours (Watch hours), Friday 2024-08-30: 362.0; before 400.0, change -38.0;"
        " usual 350.0 to 450.0"
    )
    (spain,) = [line for line in lines if line.startswith("country       Spain")]
    assert spain.split()[2:] == ["60.0", "20.0", "-40.0", "+105.3", "%", "<-", "look", "here", "first"]
    assert "  fct_viewing_sessions has 500 rows of that time; those before have 490 to 510." in lines
    assert lines[-2].startswith("  as of 2024-08-30: viewing_sessions: 1,234 rejected for the first")
    assert lines[-1] == "  and 2 more"


def test_nothing_recorded_is_said(explanation, capsys):
    _print(explanation, [])
    assert capsys.readouterr().out.endswith("rejected rows, no drift, no load that failed.\n")


@pytest.mark.parametrize(
    ("day", "week", "period"),
    [
        ("2024-08-30", "", DAY),
        ("", "2024-08-30", Period("week", date(2024, 8, 26))),
        (" ", "2024-09-01", Period("week", date(2024, 8, 26))),
    ],
)
def test_period_is_a_day_or_the_week_of_a_day(day, week, period):
    assert period_of(day, week) == period


@pytest.mark.parametrize(("day", "week"), [("", ""), ("2024-08-30", "2024-08-30")])
def test_both_and_neither_are_refused(day, week):
    with pytest.raises(MetricError, match=r"^Name either a DAY or a WEEK: make why M=watch_hours DAY="):
        period_of(day, week)


def test_what_is_no_day_is_refused():
    with pytest.raises(MetricError, match="'yesterday' is no day"):
        period_of("yesterday", "")
