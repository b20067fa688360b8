"""Accounts over time: birthdays, plans, countries, cancellations."""

from datetime import date, timedelta

import numpy as np
import pytest

from include.generate import ANCHOR, Size
from include.generate.timeline import date_of, plan_pace
from include.generate.users import COUNTRIES, Users
from include.generate.world import World


@pytest.fixture
def users():
    pace = plan_pace(11, Size(users=2000), 400)
    users = Users(11, pace)
    for day in range(400):
        users.advance(day)
    return users


def test_age_goes_up_by_one_on_the_birthday(users):
    for day in (300, 365, 399, 1200):
        yesterday, today = users.ages(date_of(day - 1)), users.ages(date_of(day))
        date_today = date_of(day)
        has_birthday = users.birthday == date_today.month * 100 + date_today.day
        assert has_birthday.any()
        np.testing.assert_array_equal(today - yesterday, has_birthday)


def test_age_at_signup_is_the_age_on_the_registration_date(users):
    for day in (0, 100, 399):
        joined_then = users.joined_on == day
        assert joined_then.any()
        ages = users.ages(date_of(day))
        np.testing.assert_array_equal(ages[joined_then], users.age_at_signup[joined_then])


def test_a_year_makes_everyone_a_year_older(users):
    aged = users.ages(date(2026, 5, 5)) - users.ages(date(2025, 5, 5))
    np.testing.assert_array_equal(aged, 1)


def test_events_of_a_day_concern_users_who_were_there_and_change_something():
    pace = plan_pace(3, Size(users=3000), 300)
    users, seen = Users(3, pace), {"left": 0, "replanned": 0, "moved": 0}
    for day in range(300):
        active, plan, country = users.active.copy(), users.plan.copy(), users.country.copy()
        happened = users.advance(day)
        assert users.joined_on[happened.joined].tolist() == [day] * len(happened.joined)
        assert not active[happened.joined].any()
        assert users.active[happened.joined].all()
        for kind in seen:
            who = getattr(happened, kind)
            seen[kind] += len(who)
            assert len(set(who.tolist())) == len(who)
            assert active[who].all()
        assert not users.active[happened.left].any()
        assert not np.isin(happened.left, np.r_[happened.replanned, happened.moved]).any()
        known = np.flatnonzero(active)
        changed = known[users.plan[known] != plan[known]]
        assert set(changed) == set(happened.replanned)
        moved = known[users.country[known] != country[known]]
        assert set(moved) == set(happened.moved)
    assert min(seen.values()) > 10
    assert users.country.max() < len(COUNTRIES)


def test_those_who_cancel_watch_less():
    world = World(42, Size(users=2000, titles=5, sessions=100), ANCHOR - timedelta(days=300))
    list(world.live())
    activity, left = world.users.activity, ~world.users.active
    assert left.sum() > 50
    assert np.median(activity[left]) < 0.8 * np.median(activity[~left])
