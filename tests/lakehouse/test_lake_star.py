"""The star that Sail builds on Delta tables is PostgreSQL's, to the last digit."""

from pathlib import Path

import pytest

from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY, Star
from tests.lakehouse.lake import Lake
from tests.own_files import write_own_files
from tests.pipeline import build_next, load_everything, today

DAYS = 5


def load_other_versions(star: Star) -> None:
    """Load a user and a title anew, and whatever else happens, for the same business date."""
    days = star.days
    user = (days.users.live | days.users.gone)["U00"]
    title = {"content_id": "M00", "rating": 1.0, "views_count": 1, "production_budget": None, "genres": []}
    days.again()
    days.users.put(user | {"age": 20 + days.loads})
    days.movies.put(title | {"title": f"Cut {days.loads}"})
    days.load()


@pytest.fixture(scope="module")
def daily(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Star, Lake]:
    """A product's first day, in both stars."""
    star = Star(warehouse, tmp_path_factory.mktemp("star"), seed=20_240_901)
    lake = Lake(warehouse, tmp_path_factory.mktemp("lake"))
    star.days.first()
    star.build()
    lake.build(*MODELS_ONLY)
    return star, lake


def test_a_first_build_and_days_with_all_kinds_of_changes_are_equal(daily):
    star, lake = daily
    assert lake.differences() == []
    for _ in range(DAYS):
        star.days.next()
        star.build()
        lake.build(*MODELS_ONLY)
        assert lake.differences() == []
    assert lake.operations("fct_viewing_sessions").count("MERGE") >= DAYS


def test_a_business_day_that_is_built_twice_with_other_data_is_equal(daily):
    star, lake = daily
    for _ in range(3):
        load_other_versions(star)
        star.build()
        lake.build(*MODELS_ONLY)
        assert lake.differences() == []


def test_tests_and_unit_tests_pass_and_the_same_build_twice_changes_nothing(daily):
    star, lake = daily
    star.days.next()
    star.build()
    lake.build()
    assert lake.differences() == []


def test_a_full_refresh_gives_the_same_star_whatever_columns_it_had(daily):
    _, lake = daily
    lake.give_other_columns("dim_devices")
    lake.build("--full-refresh", *MODELS_ONLY)
    assert lake.differences() == []


def test_files_that_the_generator_did_not_make_are_equal(platform: Platform, tmp_path: Path):
    write_own_files(tmp_path / "files", 20, users=300, titles=40, sessions=5000)
    load_everything(platform, tmp_path / "files", today("own files"))
    done = build_next(platform, tmp_path / "star", *MODELS_ONLY, batch=today("build"))
    assert done.returncode == 0, done.stdout[-5000:]
    lake = Lake(platform, tmp_path / "lake")
    lake.build(*MODELS_ONLY)
    assert lake.differences() == []
