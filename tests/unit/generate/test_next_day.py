"""From one day's files to the next: what changes is what happened on that day, and nothing else."""

from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from include.generate import Size
from include.generate.rows import user_id
from include.generate.timeline import day_number
from include.generate.world import World

USERS = ["age", "country", "subscription_type", "registration_date"]


def diff(before: dict[str, str], after: dict[str, str]) -> SimpleNamespace:
    both = before.keys() & after.keys()
    return SimpleNamespace(
        added=after.keys() - before.keys(),
        removed=before.keys() - after.keys(),
        changed={key for key in both if before[key] != after[key]},
    )


def users_changed(files, next_files, column: str) -> set[str]:
    both = files.users.merge(next_files.users, on="user_id", suffixes=("", "_next"))
    assert len(both)
    return set(both["user_id"][both[column] != both[f"{column}_next"]])


def all_sessions(history) -> pd.DataFrame:
    """Every session ever watched, with its fate."""
    return pd.concat(
        [pd.DataFrame(vars(sessions)).assign(day=day) for day, (_, sessions) in enumerate(history)],
        ignore_index=True,
    )


def ids(numbers) -> set[str]:
    return {f"S{number:06d}" for number in numbers}


def expected_sessions(every: pd.DataFrame, today: int) -> SimpleNamespace:
    """Say from the fates what a file of `today` changes against the day before."""
    there_before = (every["arrives"] < today) & (every["deleted"] >= today)
    stays = there_before & (every["deleted"] > today)
    return SimpleNamespace(
        on_time=ids(every["number"][(every["arrives"] == today) & (every["day"] == today)]),
        late=ids(every["number"][(every["arrives"] == today) & (every["day"] < today)]),
        removed=ids(every["number"][there_before & (every["deleted"] == today)]),
        changed=ids(every["number"][stays & (every["corrected"] == today)]),
    )


def test_sessions_change_by_arrivals_corrections_and_deletions(files, next_files, lived):
    world, history = lived
    expected = expected_sessions(all_sessions(history), world.today)
    found = diff(*(f.lines("viewing_sessions.csv") for f in (files, next_files)))
    assert expected.on_time
    assert expected.late
    assert expected.removed
    assert expected.changed
    assert found.added == expected.on_time | expected.late
    assert found.removed == expected.removed
    assert found.changed == expected.changed


def test_small_worlds_change_by_their_events_too(write_world):
    size, first, days = Size(60, 12, 300_000), date(2022, 12, 28), 8
    written = [write_world(first + timedelta(days=n), size, seed=5) for n in range(days)]
    world = World(5, size, written[-1].as_of)
    every = all_sessions(list(world.live()))
    seen = {"late": 0, "removed": 0, "changed": 0}
    for before, after in pairwise(written):
        expected = expected_sessions(every, day_number(after.as_of))
        found = diff(*(f.lines("viewing_sessions.csv") for f in (before, after)))
        assert found.added == expected.on_time | expected.late
        assert found.removed == expected.removed
        assert found.changed == expected.changed
        seen = {kind: count + len(vars(expected)[kind]) for kind, count in seen.items()}
    assert min(seen.values()) > 0, seen


def test_corrections_change_duration_and_completion_only(files, next_files):
    both = files.sessions.merge(next_files.sessions, on="session_id", suffixes=("", "_next"))
    fixed = {"user_id", "content_id", "watch_date", "device_type", "quality_level"}
    for column in fixed:
        assert (both[column] == both[f"{column}_next"]).all()
    assert (both["completion_percentage"] != both["completion_percentage_next"]).sum() >= 1


def test_late_sessions_are_one_to_seven_days_late(files, next_files):
    _, new = files.sessions, next_files.sessions
    new = new[~new["session_id"].isin(set(files.sessions["session_id"]))]
    lag = (pd.Timestamp(next_files.as_of) - pd.to_datetime(new["watch_date"])).dt.days
    late = lag[lag > 0]
    assert len(late)
    assert late.max() <= 7
    assert len(late) < len(new) * 0.1


def test_users_join_and_leave(files, next_files, lived):
    _, history = lived
    today = history[-1][0]
    found = diff(files.lines("users.csv"), next_files.lines("users.csv"))
    assert today.joined.size
    assert found.added == {user_id(user) for user in today.joined}
    assert found.removed == {user_id(user) for user in today.left}
    new = next_files.users[next_files.users["user_id"].isin(found.added)]
    assert set(new["registration_date"]) == {next_files.as_of.isoformat()}


def test_users_change_plan_country_and_age_by_their_events(files, next_files, lived):
    world, history = lived
    today = history[-1][0]
    assert today.replanned.size >= 2
    changed = users_changed(files, next_files, "subscription_type")
    assert changed == {user_id(user) for user in today.replanned}
    assert users_changed(files, next_files, "country") == {user_id(user) for user in today.moved}
    birthday = next_files.as_of.month * 100 + next_files.as_of.day
    had_one = np.flatnonzero((world.users.birthday == birthday) & world.users.active)
    had_one = {user_id(user) for user in np.setdiff1d(had_one, today.joined)}
    assert had_one
    assert users_changed(files, next_files, "age") == had_one
    assert users_changed(files, next_files, "registration_date") == set()


def test_a_user_nothing_happened_to_keeps_the_row(files, next_files):
    """Watch time moves only by sessions added, changed or removed, the rest only by events."""
    found = diff(*(f.lines("viewing_sessions.csv") for f in (files, next_files)))
    before, after = (f.lines("viewing_sessions.csv") for f in (files, next_files))
    touched = {after[key].split(",")[1] for key in found.added | found.changed}
    touched |= {before[key].split(",")[1] for key in found.removed}
    for column in USERS:
        touched |= users_changed(files, next_files, column)
    changed = diff(files.lines("users.csv"), next_files.lines("users.csv")).changed
    assert changed
    assert changed <= touched
    assert len(changed) < len(files.users) * 0.15


def test_titles_change_by_views_and_slow_ratings_only(files, next_files):
    both = files.titles.merge(next_files.titles, on="content_id", suffixes=("", "_next"))
    assert len(both) == 300
    for column in ("title", "minutes", "production_budget", "seasons", "release_year"):
        assert both[column].equals(both[f"{column}_next"])
    drift = (both["rating_next"] - both["rating"]).abs()
    assert 0 < (drift > 0).sum() < 60
    assert drift.max() < 0.15
    grown = both["views_next"] - both["views"]
    assert (grown >= 0).all()
    assert grown.sum() > 0


def test_views_grow_by_the_sessions_that_arrived(files, next_files):
    is_old = next_files.sessions["session_id"].isin(set(files.sessions["session_id"]))
    new = next_files.sessions[~is_old]["content_id"].value_counts()
    before, after = (f.titles.set_index("content_id")["views"] for f in (files, next_files))
    grown = after.sub(before, fill_value=0)
    assert len(new) > 20
    pd.testing.assert_series_equal(
        grown[grown > 0].sort_index(), new.sort_index(), check_names=False, check_dtype=False
    )


def test_most_days_have_every_kind_of_change(lived):
    _, history = lived
    every, days = all_sessions(history), range(len(history) - 60, len(history))
    sessions = [expected_sessions(every, day) for day in days]
    users = [history[day][0] for day in days]
    shares = {
        "plan changes": np.mean([u.replanned.size >= 2 for u in users]),
        "cancellations": np.mean([u.left.size >= 1 for u in users]),
        "signups": np.mean([u.joined.size >= 1 for u in users]),
        "late": np.mean([bool(s.late) for s in sessions]),
        "corrected": np.mean([bool(s.changed) for s in sessions]),
        "deleted": np.mean([bool(s.removed) for s in sessions]),
    }
    assert min(shares.values()) > 0.8, shares
    assert sum(u.moved.size for u in users) >= 10


def test_cancelled_users_leave_their_sessions_behind(files, lived):
    _, history = lived
    left = {user_id(user) for happened, _ in history[:-1] for user in happened.left}
    assert len(left) == 750
    assert left.isdisjoint(files.users["user_id"])
    assert len(left & set(files.sessions["user_id"])) > 300


@pytest.mark.parametrize("as_of", [date(2022, 12, 31), date(2023, 2, 28)])
def test_any_day_can_be_followed_by_the_next(write_world, as_of):
    size = Size(100, 10, 20_000)
    before, after = (write_world(as_of + timedelta(days=n), size) for n in range(2))
    found = diff(*(f.lines("viewing_sessions.csv") for f in (before, after)))
    assert 0 < len(found.added) < 300
    assert len(found.changed) + len(found.removed) < 20
