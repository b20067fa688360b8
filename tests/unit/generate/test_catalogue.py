"""Titles: in the shape of the contract, with readable names, and slowly drifting ratings."""

from datetime import timedelta

import numpy as np
import pytest

from include.generate import ANCHOR, LAUNCH, Size
from include.generate.catalogue import GENRE_WEIGHTS, GENRES
from include.generate.timeline import ANCHOR_DAY, date_of
from include.generate.titles import draw_titles
from include.generate.world import World

MOVIE = [
    "content_id", "title", "genre", "duration_minutes", "release_year", "rating", "views_count",
    "production_budget",
]  # fmt: skip
SERIES = [
    "content_id", "title", "genre", "seasons", "episodes_per_season", "avg_episode_duration",
    "rating", "total_views", "production_budget",
]  # fmt: skip


def test_documents_have_exactly_the_fields_of_the_contract(files):
    assert list(files.content) == ["movies", "series"]
    assert {tuple(movie) for movie in files.content["movies"]} == {tuple(MOVIE)}
    assert {tuple(series) for series in files.content["series"]} == {tuple(SERIES)}


def test_ids_count_films_and_series_separately(files):
    movies, series = ([t["content_id"] for t in titles] for titles in files.content.values())
    assert movies == [f"M{number:03d}" for number in range(1, 181)]
    assert series == [f"S{number:03d}" for number in range(1, 121)]


def test_values_are_plausible(files):
    titles = files.content["movies"] + files.content["series"]
    assert len(titles) == 300
    for title in titles:
        assert 1 <= title["rating"] <= 10
        assert title["rating"] == round(title["rating"], 1)
        assert title["production_budget"] > 0
        assert 1 <= len(title["genre"]) == len(set(title["genre"])) <= 3
        assert set(title["genre"]) <= set(GENRES)
    for movie in files.content["movies"]:
        assert 70 <= movie["duration_minutes"] <= 200
        assert 1950 < movie["release_year"] <= ANCHOR.year
    for series in files.content["series"]:
        assert len(series["episodes_per_season"]) == series["seasons"] >= 1
        assert min(series["episodes_per_season"]) >= 1
        assert 18 <= series["avg_episode_duration"] <= 75


def test_titles_are_unique_and_end_in_a_number_only_as_sequels():
    titles = [title for title, _ in zip(draw_titles(3), range(2500), strict=False)]
    assert len(set(titles)) == 2500
    sequels = [title for title in titles if title.endswith(" 2")]
    assert sequels
    assert {title.removesuffix(" 2") for title in sequels} < set(titles)


def test_a_title_is_watched_only_once_it_is_there(lived):
    world, history = lived
    new = np.flatnonzero(world.catalogue.available_on > 0)
    assert len(new) == 120
    first_watched = np.full(len(world.catalogue.ids), 10**6)
    for day, (_, sessions) in enumerate(history):
        np.minimum.at(first_watched, sessions.title, day)
    waited = first_watched - world.catalogue.available_on
    assert waited.min() == 0
    assert np.median(waited[new]) < 60


def test_a_file_names_only_titles_it_holds(write_world):
    size = Size(users=50, titles=200, sessions=30_000)
    last = World(42, size, LAUNCH + timedelta(days=90)).catalogue
    arrival = int(last.available_on[-1])
    days = (date_of(arrival - 1), date_of(arrival))
    before, after = (write_world(day, size, seed=42) for day in days)
    for files in (before, after):
        assert len(files.sessions) > 100
        assert set(files.sessions["content_id"]) <= set(files.titles["content_id"])
    assert last.ids[-1] not in set(before.titles["content_id"])
    assert last.ids[-1] in set(after.titles["content_id"])


def test_views_count_the_sessions_that_ever_arrived(files, lived):
    world, history = lived
    expected = np.zeros(len(world.catalogue.ids), int)
    for _, sessions in history:
        np.add.at(expected, sessions.title[sessions.arrives <= ANCHOR_DAY], 1)
    views = files.titles.set_index("content_id")["views"]
    assert views.to_dict() == dict(zip(world.catalogue.ids, expected.tolist(), strict=True))
    assert views.sum() > len(files.sessions)  # deleted sessions have been views


def test_ratings_drift_slowly_and_not_far(lived):
    catalogue = lived[0].catalogue
    ratings = np.array([catalogue.ratings_on(day) for day in range(ANCHOR_DAY)])
    steps = np.abs(np.diff(ratings, axis=0))
    assert steps.max() == pytest.approx(0.1)
    assert 0.005 < (steps > 0).mean() < 0.1
    assert 0.1 < np.ptp(ratings, axis=0).max() <= 1.1


def test_new_titles_are_more_popular_for_a_while(lived):
    catalogue = lived[0].catalogue
    day = int(catalogue.available_on[-1])
    premiere, later = catalogue.popularity_on(day), catalogue.popularity_on(day + 365)
    assert premiere[-1] == pytest.approx(3 * later[-1], rel=0.01)
    assert premiere[0] == pytest.approx(later[0], rel=0.01)


def test_genre_weights_are_shares_of_all_genres():
    assert len(GENRE_WEIGHTS) == len(GENRES)
    assert GENRE_WEIGHTS.sum() == pytest.approx(1)
