"""The same arguments give the same bytes, and more days never change the days before."""

from datetime import date

import numpy as np
import pytest

from include.generate import Size
from include.generate.streams import stream
from include.generate.timeline import plan_pace
from include.generate.world import World

SMALL = Size(users=300, titles=30, sessions=6000)
NAMES = ("users.csv", "viewing_sessions.csv", "content.json")


@pytest.mark.parametrize("defects", [0.0, 0.05])
def test_same_arguments_give_the_same_bytes(write_world, defects):
    one, two = (write_world(date(2023, 9, 1), SMALL, defects=defects) for _ in range(2))
    assert one.counts == two.counts
    for name in NAMES:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


def test_another_seed_gives_another_world_of_about_the_same_size(write_world):
    one, two = (write_world(date(2023, 1, 1), SMALL, seed=seed) for seed in (1, 2))
    assert one.counts["users"] == pytest.approx(two.counts["users"], abs=5)
    for name in NAMES:
        assert (one.folder / name).read_bytes() != (two.folder / name).read_bytes()


@pytest.mark.parametrize("later", [date(2023, 3, 2), date(2025, 1, 1)])
def test_a_day_is_the_same_however_many_days_follow(later):
    short, long = World(7, SMALL, date(2023, 3, 1)), World(7, SMALL, later)
    days = list(zip(short.live(), long.live(), strict=False))
    assert len(days) == short.today + 1
    compared = 0
    for (short_users, short_sessions), (long_users, long_sessions) in days:
        for one, two in ((short_users, long_users), (short_sessions, long_sessions)):
            for column, values in vars(one).items():
                np.testing.assert_array_equal(values, vars(two)[column])
                compared += values.size
    assert compared > 1000
    known = len(short.catalogue.ids)
    assert short.catalogue.documents == long.catalogue.documents[:known]


def test_counts_of_more_days_begin_with_the_counts_of_fewer():
    short, long = plan_pace(3, Size(), 100), plan_pace(3, Size(), 1600)
    for name, counts in vars(short).items():
        assert counts[-1] > 0
        np.testing.assert_array_equal(counts, vars(long)[name][:100])


def test_streams_differ_by_seed_name_and_number():
    places = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)]
    drawn = {float(stream(*place).random()) for place in places}
    assert len(drawn) == 4
    assert stream(1, "a", 0).random() == stream(1, "a").random()
