"""One world of the default size, written for two days in a row, for tests that only look."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest

from include.generate import ANCHOR, Size, write_files
from include.generate.sessions import SessionDay
from include.generate.timeline import date_of, day_number
from include.generate.users import UserDay
from include.generate.world import World

SEED = 42


@dataclass(frozen=True)
class Files:
    """The three files of a date, as written and as tables."""

    folder: Path
    as_of: date
    counts: dict[str, int]

    @cached_property
    def users(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "users.csv")

    @cached_property
    def sessions(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "viewing_sessions.csv")

    @cached_property
    def content(self) -> dict[str, list[dict]]:
        return json.loads((self.folder / "content.json").read_text("utf-8"))

    @cached_property
    def titles(self) -> pd.DataFrame:
        """Films and series in one table, with `minutes` of the film or of an episode."""
        movies, series = (pd.DataFrame(self.content[kind]) for kind in ("movies", "series"))
        movies = movies.rename(columns={"duration_minutes": "minutes", "views_count": "views"})
        series = series.rename(columns={"avg_episode_duration": "minutes", "total_views": "views"})
        return pd.concat([movies, series], ignore_index=True)

    def lines(self, name: str) -> dict[str, str]:
        """Give a CSV file's lines by their key."""
        _, *lines = (self.folder / name).read_text("utf-8").splitlines()
        return {line.split(",", 1)[0]: line for line in lines}


def write(folder: Path, as_of: date, size: Size, seed: int = SEED, defects: float = 0.0) -> Files:
    counts = write_files(folder, as_of=as_of, seed=seed, size=size, defects=defects)
    return Files(folder, as_of, counts)


@pytest.fixture
def write_world(tmp_path):
    """Write a world into a folder of its own: `write_world(as_of, size, seed=…, defects=…)`."""
    made = iter(range(1000))
    return lambda *args, **options: write(tmp_path / str(next(made)), *args, **options)


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> Files:
    """The default world on the anchor date."""
    return write(tmp_path_factory.mktemp("anchor"), ANCHOR, Size())


@pytest.fixture(scope="session")
def next_files(tmp_path_factory) -> Files:
    """The default world one day later."""
    tomorrow = date_of(day_number(ANCHOR) + 1)
    return write(tmp_path_factory.mktemp("next"), tomorrow, Size())


@pytest.fixture(scope="session")
def lived(next_files) -> tuple[World, list[tuple[UserDay, SessionDay]]]:
    """The default world up to the day after the anchor, and what happened on each of its days."""
    world = World(SEED, Size(), next_files.as_of)
    return world, list(world.live())


@pytest.fixture(scope="session")
def watched(files) -> pd.DataFrame:
    """Sessions of the anchor date beside their user (of those who stayed) and title."""
    titles = files.titles.rename(columns={"minutes": "title_minutes"})
    joined = files.sessions.merge(files.users, on="user_id").merge(titles, on="content_id")
    return joined.assign(watch_date=pd.to_datetime(joined["watch_date"]))
