"""What is usual: of a total by its own course, of a member by what all others did."""

import random
from fractions import Fraction

import pytest

from include.why.compared import Amounts
from include.why.unusual import fits_of, scores_of
from include.why.usual import spread_of, usual_range

# Newest first.
GROWING = [170.0, 160.0, 150.0, 140.0, 130.0, 120.0, 110.0, 100.0]
RESTLESS = [101.0, 96.0, 104.0, 99.0, 103.0, 95.0, 102.0, 100.0]


def amounts(*top: float, bottom: tuple[float, ...] = ()) -> Amounts:
    return Amounts(tuple(map(Fraction, top)), tuple(map(Fraction, bottom or (1,) * len(top))))


def scores(members: dict[str, Amounts], periods: int = 8, *, is_ratio: bool = False) -> dict[str, float]:
    fits = {"country": fits_of(members, periods, is_ratio=is_ratio)}
    return {name: score for (_, name), score in scores_of(fits, least=0.0 if is_ratio else 1.0).items()}


def test_growth_goes_on():
    usual = usual_range(GROWING, [], floor=1.0)
    assert usual.expected == pytest.approx(180)
    assert usual.holds(180)
    assert not usual.holds(150)


def test_range_is_wider_where_less_is_known():
    eight, four = usual_range(RESTLESS, []), usual_range(RESTLESS[:4], [])
    assert (eight.periods, four.periods) == (8, 4)
    assert four.high - four.low > eight.high - eight.low
    assert usual_range(RESTLESS[:3], []) is None
    assert usual_range([0.0] * 8, []) is None


def test_other_series_tell_of_the_spread():
    alone, among = usual_range(RESTLESS, []), usual_range(RESTLESS, [[10 * one for one in RESTLESS]] * 6)
    assert among.expected == alone.expected
    assert among.high < alone.high
    assert spread_of([RESTLESS])[0] == pytest.approx(spread_of([RESTLESS, [0.0] * 8])[0])


def test_what_cannot_be_negative_has_no_negative_range():
    assert usual_range([1.0, 0.0, 3.0, 0.0, 1.0, 5.0, 0.0, 2.0], []).low == 0


def test_member_that_loses_half_is_the_least_likely():
    found = scores({"A": amounts(200, *[400] * 8), "B": amounts(*[300] * 9), "C": amounts(*[100] * 9)})
    assert max(found, key=found.get) == "A"
    assert found["A"] > 5


def test_even_loss_makes_no_member_unusual():
    found = scores({"A": amounts(200, *[400] * 8), "B": amounts(150, *[300] * 8), "C": amounts(0, *[1] * 8)})
    assert max(found.values()) < 5


def test_small_members_make_no_noise():
    chance = random.Random(1)
    many = {
        str(number): amounts(*(chance.choice((0, 0, 0, 1, 2)) for _ in range(9))) for number in range(200)
    }
    found = scores({"A": amounts(*[400] * 9), **many})
    assert max(found.values()) < 5


def test_new_member_is_unusual_where_it_is_large():
    found = scores({"A": amounts(*[400] * 9), "B": amounts(*[300] * 9), "new": amounts(60, *[0] * 8)})
    assert max(found, key=found.get) == "new"


def test_restless_member_is_less_unusual():
    calm = scores({"A": amounts(150, *[100] * 8), "B": amounts(*[900] * 9)})["A"]
    up_and_down = amounts(150, 100, 150, 50, 160, 60, 140, 50, 100)
    assert scores({"A": up_and_down, "B": amounts(*[900] * 9)})["A"] < calm


def test_rate_of_one_member_is_the_least_likely():
    chance = random.Random(1)
    bottom = (400,) * 9
    usual = [[200 + chance.randrange(-12, 13) for _ in range(9)] for _ in range(4)]
    members = {name: amounts(*top, bottom=bottom) for name, top in zip("ABCD", usual, strict=True)}
    assert max(scores(members, is_ratio=True).values()) < 5
    members["B"] = amounts(80, *usual[1][1:], bottom=bottom)
    found = scores(members, is_ratio=True)
    assert max(found, key=found.get) == "B"
    assert found["B"] > 5


@pytest.mark.parametrize("is_ratio", [False, True])
def test_one_member_alone_is_like_no_others(is_ratio):
    assert scores({"A": amounts(*[400] * 9, bottom=(400,) * 9)}, is_ratio=is_ratio) == {}
    assert scores({}, is_ratio=is_ratio) == {}
