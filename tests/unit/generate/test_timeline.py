"""The sizes hold on the anchor date; before it there is less, after it growth goes on."""

from datetime import date, timedelta

import numpy as np
import pytest

from include.generate import ANCHOR, LAUNCH, Size
from include.generate.timeline import ANCHOR_DAY, date_of, day_number, plan_pace

TINY = Size(users=20, titles=6, sessions=200)


@pytest.mark.parametrize(
    ("size", "seed"),
    [(TINY, 42), (Size(1, 1, 1), 0), (Size(7, 2, 50), 2**40), (Size(3000, 500, 900), 1)],
)
def test_sizes_hold_on_the_anchor_date(write_world, size, seed):
    counts = write_world(ANCHOR, size, seed=seed).counts
    assert counts["users"] == size.users
    assert counts["movies"] + counts["series"] == size.titles
    assert counts["viewing_sessions"] == pytest.approx(size.sessions, rel=0.05, abs=2)


def test_default_sizes_hold_on_the_anchor_date(files):
    assert files.counts["users"] == len(files.users) == 5000
    assert files.counts["movies"] == len(files.content["movies"]) == 180
    assert files.counts["series"] == len(files.content["series"]) == 120
    assert files.counts["viewing_sessions"] == len(files.sessions)
    assert files.counts["viewing_sessions"] == pytest.approx(200_000, rel=0.005)


def test_everything_grows_from_the_launch_to_years_later(write_world):
    days = [LAUNCH, date(2023, 1, 15), ANCHOR, date(2026, 11, 21)]
    counts = [write_world(day, Size(400, 40, 4000)).counts for day in days]
    for kind in ("users", "movies", "series", "viewing_sessions"):
        numbers = [count[kind] for count in counts]
        assert numbers == sorted(set(numbers)), kind
    assert counts[0]["users"] >= 1
    assert counts[0]["movies"] >= 1


def test_after_the_anchor_counts_go_on_at_its_daily_rate():
    pace = plan_pace(42, Size(), ANCHOR_DAY + 1 + 4 * 365)
    for counts in (pace.signups, pace.cancellations, pace.plan_changes):
        before = (counts[ANCHOR_DAY] - counts[ANCHOR_DAY - 60]) / 60
        after = (counts[-1] - counts[ANCHOR_DAY]) / (4 * 365)
        assert after == pytest.approx(before, rel=0.1)
    last_year = pace.sessions[ANCHOR_DAY + 365] - pace.sessions[ANCHOR_DAY]
    fourth_year = pace.sessions[-1] - pace.sessions[-366]
    assert fourth_year == pytest.approx(last_year, rel=0.02)


@pytest.mark.parametrize("day", [LAUNCH, LAUNCH + timedelta(days=1), date(2022, 9, 30)])
def test_the_first_days_work_however_small_the_world(write_world, day):
    for size in (TINY, Size(1, 1, 1)):
        counts = write_world(day, size).counts
        assert counts["users"] >= 1
        assert counts["movies"] >= 1


def test_counts_never_fall_and_somebody_always_stays():
    for size in (TINY, Size(4, 1, 10), Size()):
        pace = plan_pace(1, size, 1600)
        for counts in vars(pace).values():
            assert (np.diff(counts) >= 0).all()
        assert (pace.signups > pace.cancellations).all()


def test_dates_and_day_numbers_are_inverse():
    assert day_number(LAUNCH) == 0
    assert day_number(ANCHOR) == ANCHOR_DAY == 731
    assert date_of(day_number(date(2026, 11, 21))) == date(2026, 11, 21)
