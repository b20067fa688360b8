"""The marts against their files, counted anew with pandas, and the queries of the documentation."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from include.environment import ROOT
from include.generate import ANCHOR, Size, write_files
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import dbt_build, load_everything

SIZE = Size(users=500, titles=60, sessions=20_000)
QUERIES = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "data-model.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder, as_of=ANCHOR, seed=42, size=SIZE)
    return folder


@pytest.fixture(scope="module")
def star(warehouse: Platform, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    load_everything(warehouse, folder, Batch("day 0", ANCHOR), dataset="generated")
    dbt_build(warehouse, tmp_path_factory.mktemp("dbt"), "--exclude-resource-type", "unit_test")
    return warehouse


@pytest.fixture(scope="module")
def users(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "users.csv", parse_dates=["registration_date"], keep_default_na=False)


@pytest.fixture(scope="module")
def sessions(folder: Path) -> pd.DataFrame:
    sessions = pd.read_csv(folder / "viewing_sessions.csv", parse_dates=["watch_date"], keep_default_na=False)
    # Monday of the week, first of the month.
    sessions["week"] = sessions.watch_date - pd.to_timedelta(sessions.watch_date.dt.day_of_week, unit="D")
    sessions["month"] = sessions.watch_date.dt.to_period("M").dt.to_timestamp()
    return sessions


@pytest.mark.parametrize(("period", "mart"), [("week", "weekly"), ("month", "monthly")])
def test_periods_count_each_user_once(star, sessions, period, mart):
    by_period = sessions.groupby(period)
    expected = {
        start.date(): (int(by_period.size()[start]), int(by_period.user_id.nunique()[start]))
        for start in by_period.groups
    }
    rows = star.query(
        "bi_reader",
        f"select {period}_start_date, sessions, active_users, {period}_end_date, is_complete"
        f" from trusted.mart_{mart}_engagement where sessions > 0",
    )
    assert {row[0]: row[1:3] for row in rows} == expected
    assert len(expected) > 10
    assert {row[0] for row in rows if not row[4]} == {row[0] for row in rows if row[3] > ANCHOR}


def test_a_cohort_keeps_who_watches_in_a_later_month(star, users, sessions):
    users = users.assign(cohort=users.registration_date.dt.to_period("M"))
    merged = sessions.merge(users, on="user_id")
    months = merged.watch_date.dt.to_period("M")
    age = (months.dt.year - merged.cohort.dt.year) * 12 + months.dt.month - merged.cohort.dt.month
    active = merged.assign(age=age)[age >= 0].groupby(["cohort", "age"]).user_id.nunique()
    expected = {(cohort.start_time.date(), int(age)): int(n) for (cohort, age), n in active.items()}
    rows = star.query(
        "bi_reader",
        "select cohort_start_date, months_since_registration, active_users, cohort_users"
        " from trusted.mart_cohort_retention",
    )
    assert {row[:2]: row[2] for row in rows if row[2]} == expected
    cohorts = {row[0]: row[3] for row in rows}
    assert cohorts == {p.start_time.date(): int(n) for p, n in users.cohort.value_counts().items()}


def test_plans_of_the_running_month_are_those_of_the_file(star, users):
    rows = star.query(
        "bi_reader",
        "select subscription_type, users from trusted.mart_monthly_plan_mix where not is_complete",
    )
    assert dict(rows) == users.subscription_type.value_counts().to_dict()


def test_genres_share_the_sessions_of_their_titles(star, folder, sessions):
    content = json.loads((folder / "content.json").read_text())
    genres = {title["content_id"]: set(title["genre"]) for titles in content.values() for title in titles}
    assert max(map(len, genres.values())) > 1
    expected = dict.fromkeys(set().union(*genres.values()), 0.0)
    for content_id, count in sessions.content_id.value_counts().items():
        for genre in genres.get(content_id, ()):
            expected[genre] += count / len(genres[content_id])
    rows = star.query(
        "bi_reader", "select genre, sessions from trusted.mart_genre_performance where genre_key != -1"
    )
    assert {genre: float(count) for genre, count in rows} == pytest.approx(expected, abs=0.001)


def test_a_watched_hour_costs_budget_by_hours(star, folder, sessions):
    content = json.loads((folder / "content.json").read_text())
    budgets = {
        title["content_id"]: title.get("production_budget") for titles in content.values() for title in titles
    }
    minutes = sessions.groupby("content_id").watch_duration_minutes.sum()
    expected = {
        key: budget * 60 / minutes[key] for key, budget in budgets.items() if budget and minutes.get(key, 0)
    }
    rows = star.query(
        "bi_reader",
        "select content_id, cost_per_watched_hour from trusted.mart_content_performance"
        " where cost_per_watched_hour > 0",
    )
    assert len(expected) > 10
    assert {key: float(cost) for key, cost in rows} == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:60])
def test_queries_of_the_documentation_give_rows_to_the_reader(star, query):
    rows = star.query("bi_reader", query)
    assert rows
    assert any(value for value in rows[0])


def test_the_documentation_has_a_query_for_every_mart():
    marts = {path.stem for path in (ROOT / "dbt" / "models" / "trusted").glob("mart_*.sql")}
    assert len(marts) >= 10
    assert [mart for mart in marts if not any(f"trusted.{mart}" in query for query in QUERIES)] == []
