"""The next day brings exactly the generated changes: those between the two days' files."""

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from include.generate import ANCHOR, Size, write_files
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import dbt_build, load_everything

SEED, SIZE = 42, Size(users=5_000, titles=300, sessions=200_000)
# What opens a new version of a user, beside coming and going.
VERSIONED = ["age", "country", "subscription_type", "registration_date"]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = [tmp_path_factory.mktemp(f"day{number}") for number in range(2)]
    for number, folder in enumerate(folders):
        write_files(folder, as_of=_day(number), seed=SEED, size=SIZE)
    return folders


@pytest.fixture(scope="module")
def star(warehouse: Platform, days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    target = tmp_path_factory.mktemp("dbt")
    for number, folder in enumerate(days):
        load_everything(warehouse, folder, Batch(f"day {number}", _day(number)), dataset="generated")
        dbt_build(warehouse, target)
    return warehouse


def _day(number: int) -> date:
    return ANCHOR + timedelta(days=number)


def _csv(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False).set_index(_key(name))


def _key(name: str) -> str:
    return {"users": "user_id", "viewing_sessions": "session_id"}[name]


def _titles(folder: Path) -> dict[str, dict]:
    content = json.loads((folder / "content.json").read_text())
    return {title["content_id"]: title for titles in content.values() for title in titles}


def _changed(old: pd.DataFrame, new: pd.DataFrame, columns: list[str] | None = None) -> set[str]:
    both = old.index.intersection(new.index)
    columns = columns or list(old.columns)
    return set(both[(old.loc[both, columns] != new.loc[both, columns]).any(axis=1)])


@pytest.mark.parametrize("name", ["users", "viewing_sessions"])
def test_every_changed_row_is_loaded_and_no_other(star, days, name):
    old, new = (_csv(folder, name) for folder in days)
    expected = (
        len(new.index.difference(old.index)),
        len(_changed(old, new)),
        len(old.index.difference(new.index)),
    )
    assert min(expected) > 0
    counts = "rows_inserted, rows_updated, rows_deleted"
    query = f"select {counts} from ops.load_runs where batch_id = 'day 1' and table_name = %s"
    assert star.query("elt_loader", query, f"postgres_{name}") == [expected]
    touched = star.query(
        "elt_loader", f"select {_key(name)} from raw.postgres_{name} where _batch_id = 'day 1'"
    )
    gone_or_new = old.index.symmetric_difference(new.index)
    assert {row[0] for row in touched} == _changed(old, new) | set(gone_or_new)


def test_every_changed_title_is_loaded_and_no_other(star, days):
    old, new = map(_titles, days)
    expected = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    assert expected
    rows = star.query(
        "elt_loader",
        "select content_id from raw.mongo_movies where _batch_id = 'day 1'"
        " union all select content_id from raw.mongo_series where _batch_id = 'day 1'",
    )
    assert sorted(row[0] for row in rows) == sorted(expected)


def test_old_versions_close_on_the_day_and_new_ones_open(star, days):
    old, new = (_csv(folder, "users") for folder in days)
    changed = _changed(old, new, VERSIONED)
    gone = set(old.index.difference(new.index))
    assert changed
    assert gone
    closed = star.query("bi_reader", "select user_id from trusted.dim_users where valid_to = %s", _day(1))
    assert {row[0] for row in closed} == changed | gone
    opened = star.query(
        "bi_reader",
        "select user_id from trusted.dim_users where valid_from = %s and registration_date < %s",
        _day(1),
        _day(1),
    )
    assert {row[0] for row in opened} == changed
    current = star.query(
        "bi_reader",
        "select user_id from trusted.dim_users where is_current and not is_inferred and user_key <> -1",
    )
    assert sorted(row[0] for row in current) == sorted(new.index)


def test_the_fact_holds_the_sessions_of_the_new_file(star, days):
    new = _csv(days[1], "viewing_sessions")
    rows = star.query("bi_reader", "select session_id from trusted.fct_viewing_sessions")
    assert sorted(row[0] for row in rows) == sorted(new.index)
