"""The titles: films and series, when they arrive, how popular they are, how their ratings drift.

Data flow: Pace.titles -> build_catalogue -> columns to draw sessions from, and content.json.
Titles are known by their index, the order in which they arrive; films and series each count their
own ids.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from include.generate.streams import Random, stream
from include.generate.timeline import Pace, date_of
from include.generate.titles import draw_titles

Document = dict[str, Any]

GENRES = (
    "Drama", "Comedy", "Thriller", "Action", "Crime", "Romance",
    "Sci-Fi", "Documentary", "Fantasy", "Horror", "Animation", "Family",
)  # fmt: skip
GENRE_WEIGHTS = np.array([18, 16, 12, 12, 9, 8, 7, 6, 5, 4, 2, 1]) / 100
KINDS = (("movies", "views_count"), ("series", "total_views"))
SERIES_SHARE = 0.4
PREMIERE_BOOST = 2.0  # a new title is this much more popular again, fading over about a month
PREMIERE_DAYS = 30


@dataclass(frozen=True)
class Catalogue:
    """All titles that have arrived by the last day, as columns, and their unchanging documents."""

    ids: list[str]
    documents: list[Document]
    is_series: np.ndarray
    available_on: np.ndarray  # day number
    minutes: np.ndarray  # of the film, or of one episode
    rating: np.ndarray  # the mean around which it drifts
    drift: np.ndarray  # amplitude, period in days, phase: shape (titles, 3)
    genres: np.ndarray  # one bit each
    popularity: np.ndarray

    def popularity_on(self, day: int) -> np.ndarray:
        """Weigh the titles that can be watched on a day, which are the first so many."""
        age = day - self.available_on[: np.searchsorted(self.available_on, day, side="right")]
        return self.popularity[: len(age)] * (1 + PREMIERE_BOOST * np.exp(-age / PREMIERE_DAYS))

    def ratings_on(self, day: int) -> np.ndarray:
        """Give the ratings of a day, 1 to 10 with one decimal."""
        amplitude, period, phase = self.drift.T
        drifted = self.rating + amplitude * np.sin(2 * np.pi * (day / period + phase))
        return np.round(np.clip(drifted, 1, 10), 1)

    def documents_on(self, day: int, views: np.ndarray) -> dict[str, list[Document]]:
        """Give what content.json holds: the ratings of a day, and the views counted by then."""
        content: dict[str, list[Document]] = {"movies": [], "series": []}
        for title, rating in enumerate(self.ratings_on(day).tolist()):
            kind, counter = KINDS[int(self.is_series[title])]
            changing = {"rating": rating, counter: int(views[title])}
            content[kind].append(self.documents[title] | changing)
        return content


def build_catalogue(seed: int, pace: Pace) -> Catalogue:
    """Draw the titles that arrive over the days of a pace; more days only append titles."""
    count = int(pace.titles[-1])
    number = np.arange(count)
    is_series = np.floor((number + 1) * SERIES_SHARE) > np.floor(number * SERIES_SHARE)
    available_on = np.searchsorted(pace.titles, number, side="right")
    names = islice(draw_titles(seed), count)
    drawn = [
        _draw_title(seed, title, bool(is_series[title]), name, int(available_on[title]))
        for title, name in enumerate(names)
    ]
    in_kind = np.where(is_series, np.cumsum(is_series), np.cumsum(~is_series))
    ids = [f"{'MS'[int(s)]}{n:03d}" for s, n in zip(is_series, in_kind, strict=True)]
    documents, columns = zip(*drawn, strict=True)
    minutes, rating, amplitude, period, phase, genres, popularity = np.array(columns).T
    return Catalogue(
        ids=ids,
        documents=[{"content_id": key, **doc} for key, doc in zip(ids, documents, strict=True)],
        is_series=is_series,
        available_on=available_on,
        minutes=minutes.astype(np.int32),
        rating=rating,
        drift=np.stack([amplitude, period, phase], axis=1),
        genres=genres.astype(np.int16),
        popularity=popularity,
    )


def _draw_title(
    seed: int, title: int, is_series: bool, name: str, day: int
) -> tuple[Document, tuple[float, ...]]:
    """Draw one title: its document, and the numbers for the columns."""
    random = stream(seed, "title", title)
    genres = random.choice(
        len(GENRES), random.choice([1, 2, 3], p=(0.3, 0.5, 0.2)), replace=False, p=GENRE_WEIGHTS
    )
    rating = float(np.clip(random.normal(6.8, 1.0), 2.5, 9.4))
    popularity = random.lognormal(0.25 * (rating - 6.8), 1.5)
    drift = (random.uniform(0.1, 0.5), random.uniform(300, 900), random.random())
    document = {"title": name, "genre": [GENRES[genre] for genre in genres]}
    details = _draw_series(random) if is_series else _draw_movie(random, date_of(day).year)
    minutes = details.get("avg_episode_duration") or details["duration_minutes"]
    mask = int(np.bitwise_or.reduce(1 << genres))
    return document | details, (minutes, rating, *drift, mask, popularity)


def _draw_movie(random: Random, newest_year: int) -> Document:
    """Draw what only movies have: length, year and budget."""
    return {
        "duration_minutes": int(np.clip(random.normal(108, 22), 70, 200)),
        "release_year": newest_year - min(int(random.exponential(6)), 60),
        "rating": None,
        "views_count": None,
        "production_budget": int(random.lognormal(16.8, 1.1)) // 100_000 * 100_000 + 100_000,
    }


def _draw_series(random: Random) -> Document:
    """Draw what only series have: seasons, episodes, their length and the budget."""
    seasons = min(1 + int(random.exponential(2)), 12)
    return {
        "seasons": seasons,
        "episodes_per_season": random.integers(6, 14, seasons).tolist(),
        "avg_episode_duration": int(np.clip(random.normal(42, 13), 18, 75)),
        "rating": None,
        "total_views": None,
        "production_budget": int(random.lognormal(17.2, 0.9)) // 100_000 * 100_000 + 100_000,
    }
