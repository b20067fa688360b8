"""A data set that the generator did not make runs through, and trusted equals an independent computation.

5,000 users, 300 titles and 220,000 sessions, as untidy as real ones (tests/own_files.py).
"""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Platform
from tests.own_files import write_own_files
from tests.pipeline import dbt_build, load_everything, today, trusted_checksums

SEED = 20240901
USERS, TITLES, SESSIONS = 5_000, 300, 220_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    write_own_files(folder, SEED, users=USERS, titles=TITLES, sessions=SESSIONS)
    return folder


@pytest.fixture(scope="module")
def star(warehouse: Platform, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    load_everything(warehouse, files, today("own"))
    dbt_build(warehouse, tmp_path_factory.mktemp("dbt"))
    return warehouse


@pytest.fixture(scope="module")
def sessions(files: Path) -> pd.DataFrame:
    """The sessions as pandas reads them, joined to users and titles."""
    text = {"dtype": str, "keep_default_na": False}
    joined = pd.read_csv(files / "viewing_sessions.csv", **text)
    joined["minutes"] = joined.watch_duration_minutes.map(Decimal)
    joined["completed"] = joined.completion_percentage.map(Decimal) >= 90
    joined = joined.merge(pd.read_csv(files / "users.csv", **text), on="user_id", how="left")
    return joined.merge(_titles(files), on="content_id", how="left").replace("", None)


def _titles(files: Path) -> pd.DataFrame:
    content = json.loads((files / "content.json").read_text())
    return pd.DataFrame([*content["movies"], *content["series"]])[["content_id", "title", "genre", "rating"]]


def _grouped(sessions: pd.DataFrame, column: str) -> dict[str, tuple[int, Decimal, int]]:
    groups = sessions.fillna({column: "Unknown"}).groupby(column)
    return {name: (len(group), group.minutes.sum(), int(group.completed.sum())) for name, group in groups}


def _star_grouped(star: Platform, dimension: str, column: str) -> dict[str, tuple[int, Decimal, int]]:
    key = {"dim_users": "user_key", "dim_content": "content_key", "dim_devices": "device_key"}
    joined = key.get(dimension, "quality_level_key")
    rows = star.query(
        "bi_reader",
        f"select {dimension}.{column}, count(*), sum(watch_duration_minutes),"
        " count(*) filter (where is_completed)"
        f" from trusted.fct_viewing_sessions inner join trusted.{dimension} using ({joined})"
        f" group by {dimension}.{column}",
    )
    return {name or "Unknown": tuple(values) for name, *values in rows}


@pytest.mark.parametrize(
    ("dimension", "column"),
    [
        ("dim_users", "user_id"),
        ("dim_users", "country"),
        ("dim_users", "subscription_type"),
        ("dim_content", "content_id"),
        ("dim_devices", "device_type"),
        ("dim_quality_levels", "quality_level"),
    ],
)
def test_sessions_minutes_and_completions_by_dimension(star, sessions, dimension, column):
    expected = _grouped(sessions, column)
    assert len(expected) >= 4
    assert _star_grouped(star, dimension, column) == expected


def test_days_of_the_mart(star, sessions):
    expected = {
        day: (len(group), group.user_id.nunique(), group.minutes.sum())
        for day, group in sessions.groupby("watch_date")
    }
    rows = star.query(
        "bi_reader",
        "select to_char(date, 'YYYY-MM-DD'), sessions, active_users, watch_hours"
        " from trusted.mart_daily_engagement where sessions > 0",
    )
    assert len(expected) == 600
    assert {day: (count, users) for day, count, users, _ in rows} == {
        day: row[:2] for day, row in expected.items()
    }
    assert all(abs(hours - expected[day][2] / 60) <= Decimal("0.005") for day, _, _, hours in rows)


def test_genres_share_the_minutes_of_their_titles(star, sessions):
    genres = sessions.genre.map(lambda genre: genre if isinstance(genre, list) and genre else ["Unknown"])
    shares = sessions.assign(genre=genres, share=sessions.minutes / genres.map(len)).explode("genre")
    expected = {genre: float(group.share.sum()) for genre, group in shares.groupby("genre")}
    rows = star.query(
        "bi_reader",
        "select genre, sum(watch_duration_minutes * weight) from trusted.fct_viewing_sessions"
        " inner join trusted.bridge_content_genres using (content_key)"
        " inner join trusted.dim_genres using (genre_key) group by genre",
    )
    assert {genre: float(minutes) for genre, minutes in rows} == pytest.approx(expected, rel=1e-6)


def test_users_and_titles_arrive_with_their_attributes(star, files):
    text = {"dtype": str, "keep_default_na": False}
    users = pd.read_csv(files / "users.csv", **text)
    rows = star.query(
        "bi_reader",
        "select user_id, age::text, country, subscription_type, registration_date::text,"
        " total_watch_time_hours::text from trusted.dim_users"
        " where is_current and not is_inferred and user_key <> -1",
    )
    hours = users.total_watch_time_hours.map(lambda value: f"{Decimal(value):.2f}")
    assert sorted(rows) == sorted(
        users.assign(total_watch_time_hours=hours).itertuples(index=False, name=None)
    )
    rows = star.query(
        "bi_reader", "select content_id, title, rating from trusted.dim_content where is_available"
    )
    titles = _titles(files)
    assert {row[0]: (row[1], float(row[2])) for row in rows} == {
        row.content_id: (row.title, row.rating) for row in titles.itertuples()
    }


def test_every_row_is_accounted_for(star):
    rows = star.query(
        "elt_loader",
        "select stage || '.' || table_name, rows_read, rows_loaded, rows_unchanged, rows_quarantined"
        " from ops.load_runs",
    )
    loads = {name: numbers for name, *numbers in rows}
    assert (
        loads["seed.viewing_sessions"]
        == loads["extract.postgres_viewing_sessions"]
        == [SESSIONS, SESSIONS, 0, 0]
    )
    assert loads["seed.content"] == [TITLES, TITLES, 0, 0]


def test_the_same_files_again_change_nothing(star, files, tmp_path):
    stamps = "select max(_loaded_at), min(_loaded_at), max(_batch_id) from raw.postgres_viewing_sessions"
    before, raw_before = trusted_checksums(star), star.query("elt_loader", stamps)
    load_everything(star, files, today("again"))
    dbt_build(star, tmp_path)
    assert before["fct_viewing_sessions"][0] == SESSIONS
    assert trusted_checksums(star) == before
    assert star.query("elt_loader", stamps) == raw_before
