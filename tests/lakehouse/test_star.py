"""The star that readers of a lake see is PostgreSQL's, to the last digit."""

import signal
from pathlib import Path

import pytest
from deltalake import write_deltalake
from pyarrow import table

from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.star import Star as Copy
from include.errors import PublicationError
from lakehouse.dashboard import LakeSource
from lakehouse.maintenance import history
from lakehouse.publications import publish, roll_back
from lakehouse.query import ask
from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY, Star
from tests.lakehouse.lake import BuiltLake
from tests.lakehouse.reader import reading
from tests.lakehouse.stars import Rows, differences

DAYS = 5
FACT = "trusted_next.fct_viewing_sessions"
# The same number three times, in a star that is whole.
SESSIONS = """
select
    (select count(*) from trusted.fct_viewing_sessions),
    (select sum(sessions) from trusted.mart_daily_engagement),
    (select sum(sessions) from trusted.mart_monthly_viewing)
"""


@pytest.fixture(scope="module")
def daily(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Star, BuiltLake]:
    """A product's first day, in both stars."""
    star = Star(warehouse, tmp_path_factory.mktemp("star"), seed=20_240_901)
    lake = BuiltLake(warehouse, tmp_path_factory.mktemp("lake"))
    star.days.first()
    star.build()
    lake.build(*MODELS_ONLY)
    return star, lake


def load_other_versions(star: Star) -> None:
    """Load a user and a title anew, and whatever else happens, for the same business date."""
    days = star.days
    user = (days.users.live | days.users.gone)["U00"]
    title = {"content_id": "M00", "rating": 1.0, "views_count": 1, "production_budget": None, "genres": []}
    days.again()
    days.users.put(user | {"age": 20 + days.loads})
    days.movies.put(title | {"title": f"Cut {days.loads}"})
    days.load()


def test_a_first_build_and_days_with_all_kinds_of_changes_are_equal_and_seen_whole(daily, tmp_path: Path):
    star, lake = daily
    assert lake.differences() == []
    with reading(lake.lake, SESSIONS, tmp_path / "stop", pause=1) as answers:
        for _ in range(DAYS):
            star.days.next()
            star.build()
            lake.build(*MODELS_ONLY)
            assert lake.differences() == []
    assert all(len(set(answer)) == 1 and len(answer) == 3 for answer in answers), answers
    assert len({answer[0] for answer in answers}) > DAYS / 2
    done = [commit.operation for commit in history(lake.lake, FACT)]
    assert done.count("MERGE") >= DAYS


@pytest.mark.nightly
def test_a_business_day_that_is_built_twice_with_other_data_is_equal(daily):
    star, lake = daily
    for _ in range(2):
        load_other_versions(star)
        star.build()
        lake.build(*MODELS_ONLY)
        assert lake.differences() == []


def test_a_build_that_is_killed_is_seen_by_nobody_and_the_next_one_passes_all_tests(daily):
    star, lake = daily
    before = lake.star()
    star.days.next()
    star.build()
    lake.load()
    with lake.start("gold") as build:
        next(line for line in build.stdout if "OK created sql incremental model" in line)
        build.send_signal(signal.SIGKILL)
    with pytest.raises(PublicationError, match="not tested"):
        publish(lake.lake)
    assert lake.star() == before
    # Unit tests as well.
    lake.build()
    assert lake.differences() == []


def test_a_full_refresh_gives_the_same_star_whatever_columns_it_had(daily):
    _, lake = daily
    # As models of another version of the project would leave it.
    other = {"mode": "overwrite", "schema_mode": "overwrite"}
    write_deltalake(lake.lake.path("trusted_next.dim_devices"), table({"other": [1]}), **other)
    lake.build("--full-refresh", *MODELS_ONLY)
    assert lake.differences() == []


def test_views_of_the_star_are_there(daily):
    _, lake = daily
    _, (sessions, weights) = ask(
        lake.lake, "select count(distinct session_id), sum(weight) from trusted.fct_viewing_sessions_by_genre"
    )
    assert float(weights) == int(sessions) == len(lake.star()["fct_viewing_sessions"])


def rows_of(copy: Copy, table: str) -> Rows:
    cursor = copy.cursor()
    cursor.execute(f'select * from trusted."{table}"')
    names = [column[0] for column in cursor.description]
    return [
        {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]


def test_dashboard_shows_the_star_of_the_publication_and_follows_a_rollback(daily):
    _, lake = daily
    publications = Publications(LakeSource(lake.lake))
    page = create_app(publications).test_client()
    # Twice: what readers see after this is as before.
    for change in (publish, roll_back, roll_back):
        number = change(lake.lake).number
        publications.refresh()
        assert publications.state.problem is None
        expected = lake.star()
        assert (
            differences(expected, {name: rows_of(publications.state.star, name) for name in expected}) == []
        )
        for address in ("/usage", "/users", "/content", "/sessions"):
            shown = page.get(address)
            assert (shown.status_code, f"Publication <b>{number}</b>" in shown.text) == (200, True), address
