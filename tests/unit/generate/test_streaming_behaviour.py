"""The data looks like a streaming service: one test for each property, on the default world."""

import numpy as np
import pandas as pd
import pytest

from include.generate.rows import user_id
from include.generate.timeline import LAUNCH
from include.generate.users import COUNTRIES


def test_few_titles_take_most_of_the_viewing(files):
    views = files.sessions["content_id"].value_counts()
    top_tenth = views.head(30).sum() / views.sum()
    assert 0.40 < top_tenth < 0.75
    assert len(views) > 280  # and nearly all of the 300 are watched by somebody


def test_some_users_watch_far_more_than_others(files):
    views = files.sessions["user_id"].value_counts()
    assert 0.25 < views.head(len(views) // 10).sum() / views.sum() < 0.6
    assert views.quantile(0.9) > 5 * views.quantile(0.3)


def test_users_have_a_favourite_device(files):
    sessions = files.sessions
    many = sessions[sessions.groupby("user_id")["user_id"].transform("size") >= 20]
    shares = many.groupby("user_id")["device_type"].value_counts(normalize=True)
    favourite = shares.groupby("user_id").max()
    assert len(favourite) > 1000
    assert 0.75 < favourite.mean() < 0.9
    assert shares.groupby("user_id").idxmax().str[1].nunique() == 5


def test_users_have_favourite_genres(files, lived):
    world, _ = lived
    sessions = files.sessions
    liked = world.users.genres[sessions["user_id"].str[1:].astype(int) - 1]
    number = pd.Series(range(len(world.catalogue.ids)), index=world.catalogue.ids)
    genres = world.catalogue.genres[number[sessions["content_id"]]]
    fits = ((liked & genres) != 0).mean()
    by_chance = ((np.random.default_rng(1).permutation(liked) & genres) != 0).mean()
    assert fits > by_chance + 0.1


def test_viewing_grows(files):
    by_year = pd.to_datetime(files.sessions["watch_date"])
    first, second = (by_year.between(f"{y}-09-01", f"{y + 1}-08-31").sum() for y in (2022, 2023))
    assert second > 2 * first > 0
    joined = pd.to_datetime(files.users["registration_date"])
    assert (joined >= "2023-09-01").sum() > (joined < "2023-09-01").sum() > 0


def test_weekends_are_higher(files):
    weekday = pd.to_datetime(files.sessions["watch_date"]).dt.day_of_week
    by_day = weekday.value_counts()
    assert len(by_day) == 7
    assert by_day[[5, 6]].mean() > 1.2 * by_day[[0, 1, 2, 3]].mean()


def test_winters_are_higher_and_summers_lower(files):
    """Compare a season with the mean of those before and after it, so that growth cancels out."""
    days = pd.to_datetime(files.sessions["watch_date"])
    seasons = days.dt.to_period("Q-NOV").value_counts().sort_index()  # December begins a year
    assert seasons.index[5] == pd.Period("2024Q1", "Q-NOV")
    spring, summer, autumn, winter, next_spring = seasons.iloc[2:7]
    assert winter > 1.05 * (autumn + next_spring) / 2
    assert summer < 0.95 * (spring + autumn) / 2


def test_quality_follows_the_plan(watched):
    shares = pd.crosstab(watched["subscription_type"], watched["quality_level"], normalize="index")
    assert set(shares.columns) == {"SD", "HD", "4K"}
    assert shares.loc["Basic", "4K"] < 0.08
    assert shares.loc["Premium", "4K"] > 0.25
    basic, standard, premium = shares.loc[["Basic", "Standard", "Premium"], "SD"]
    assert basic > standard > premium > 0


def test_quality_follows_the_device(watched):
    shares = pd.crosstab(watched["device_type"], watched["quality_level"], normalize="index")
    assert set(shares.index) == {"Mobile", "Smart TV", "Desktop", "Tablet", "Gaming Console"}
    assert shares.loc["Mobile", "4K"] < 0.03
    assert shares.loc["Smart TV", "4K"] > 0.15
    assert shares["4K"].idxmax() == "Smart TV"


def test_better_titles_are_watched_further(watched):
    bands = pd.cut(watched["rating"], [0, 5.5, 6.5, 7.5, 10])
    mean = watched.groupby(bands, observed=True)["completion_percentage"].mean()
    assert len(mean) == 4
    assert mean.is_monotonic_increasing
    assert mean.iloc[-1] > mean.iloc[0] + 5


def test_shorter_titles_are_watched_further(watched):
    bands = pd.cut(watched["title_minutes"], [0, 35, 70, 110, 300])
    mean = watched.groupby(bands, observed=True)["completion_percentage"].mean()
    assert len(mean) == 4
    assert mean.is_monotonic_decreasing
    assert mean.iloc[0] > mean.iloc[-1] + 5


def test_duration_is_completion_of_the_length(watched):
    exact = watched["completion_percentage"] / 100 * watched["title_minutes"]
    duration = watched["watch_duration_minutes"]
    assert len(watched) > 100_000
    assert ((duration - exact).abs() <= 0.5 + 1e-9)[duration > 1].all()
    assert (exact[duration == 1] < 1.5 + 1e-9).all()
    assert duration.dtype == np.int64
    assert duration.min() == 1
    assert watched["completion_percentage"].between(0, 100).all()


def test_many_watch_to_the_very_end_and_many_break_off(watched):
    completion = watched["completion_percentage"]
    assert 0.1 < (completion == 100).mean() < 0.4
    assert 0.3 < (completion < 60).mean() < 0.6


def test_nobody_watches_before_the_registration(watched):
    lag = watched["watch_date"] - pd.to_datetime(watched["registration_date"])
    assert len(lag) > 100_000
    assert lag.min() == pd.Timedelta(0)


def test_nobody_watches_after_the_cancellation(files, lived):
    _, history = lived
    left_on = {
        user_id(user): day
        for day, (happened, _) in enumerate(history)  # the next day's leavers still watch today
        for user in happened.left
    }
    sessions = files.sessions
    of_leavers = sessions[sessions["user_id"].isin(left_on)]
    day = (pd.to_datetime(of_leavers["watch_date"]) - pd.Timestamp(LAUNCH)).dt.days
    assert len(day) > 1000
    assert (day < of_leavers["user_id"].map(left_on)).all()


def test_sessions_name_known_users_and_titles(files, lived):
    _, history = lived
    left = {user_id(user) for happened, _ in history for user in happened.left}
    assert set(files.sessions["user_id"]) <= set(files.users["user_id"]) | left
    assert set(files.sessions["content_id"]) <= set(files.titles["content_id"])


def test_watch_time_is_the_sum_of_the_users_sessions(files):
    minutes = files.sessions.groupby("user_id")["watch_duration_minutes"].sum()
    users = files.users.set_index("user_id")
    minutes = minutes.reindex(users.index, fill_value=0)
    assert (minutes > 0).sum() > 4000
    # Half up, in whole numbers: what numeric does in SQL, where binary fractions would waver.
    tenths = (minutes * 10 + 30) // 60
    assert (users["total_watch_time_hours"] * 10).round().astype(int).equals(tenths)


def test_people_are_of_all_ages_and_countries(files):
    users = files.users
    assert users["age"].between(16, 100).all()
    assert 30 < users["age"].median() < 42
    shares = users["country"].value_counts(normalize=True)
    assert set(shares.index) == set(COUNTRIES)
    assert shares.index[0] == "United States"
    assert 0.15 < shares.iloc[0] < 0.35


def test_every_plan_is_taken(files):
    shares = files.users["subscription_type"].value_counts(normalize=True)
    assert set(shares.index) == {"Basic", "Standard", "Premium"}
    assert shares.min() == pytest.approx(0.22, abs=0.07)
