"""Broken rows: about as many as asked for, each with one mistake, and every other row as it was."""

import re
from datetime import date

import numpy as np
import pytest

from include.generate import ANCHOR, Size, write_files
from include.generate.defects import (
    SESSION_MISTAKES,
    TITLE_MISTAKES,
    USER_MISTAKES,
    WHOLE,
    break_documents,
    break_lines,
    draw_defects,
)

SIZE = Size(users=4000, titles=400, sessions=30_000)
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-\d\d")


def read(files, name: str) -> list[str]:
    return (files.folder / name).read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """One world without and with one row in fifty broken."""
    folders = [tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("broken")]
    for folder, share in zip(folders, (0.0, 0.02), strict=True):
        write_files(folder, as_of=ANCHOR, seed=42, size=SIZE, defects=share)
    return folders


@pytest.mark.parametrize("name", ["users.csv", "viewing_sessions.csv", "content.json"])
def test_the_asked_share_of_rows_is_broken_and_no_other(pair, name):
    whole, broken = ((folder / name).read_text("utf-8").splitlines() for folder in pair)
    assert len(whole) == len(broken)
    differing = [n for n, (a, b) in enumerate(zip(whole, broken, strict=True)) if a != b]
    assert 0.01 < len(differing) / len(whole) < 0.03
    assert 0 not in differing  # the header


def test_each_broken_session_has_one_mistake_and_each_kind_occurs(pair):
    whole, broken = ((f / "viewing_sessions.csv").read_text("utf-8").splitlines() for f in pair)
    kinds, keys = set(), {line.split(",", 1)[0] for line in whole}
    for before, after in zip(whole, broken, strict=True):
        if before != after:
            kinds.add(describe(before.split(","), after.split(","), keys))
    assert kinds == {
        "missing field", "empty field 0", "repeated key", "bad date", "negative 4", "120.0 in 5",
        "text in 4",
    }  # fmt: skip


def test_each_broken_user_has_one_mistake_and_each_kind_occurs(pair):
    whole, broken = ((f / "users.csv").read_text("utf-8").splitlines() for f in pair)
    kinds, keys = set(), {line.split(",", 1)[0] for line in whole}
    for before, after in zip(whole, broken, strict=True):
        if before != after:
            kinds.add(describe(before.split(","), after.split(","), keys))
    assert kinds == {
        "missing field", "empty field 0", "repeated key", "bad date", "negative 5", "text in 1",
    }  # fmt: skip


def describe(before: list[str], after: list[str], keys: set[str]) -> str:
    """Name the only difference between two rows."""
    if len(after) < len(before):
        assert after == before[:-1]
        return "missing field"
    (place,) = [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    value = after[place]
    if place == 0 and value:
        assert value in keys
        return "repeated key"
    if value in ("", "120.0"):
        return f"{value} in {place}" if value else f"empty field {place}"
    if DATE.fullmatch(before[place]):
        assert not DATE.fullmatch(value)
        return "bad date"
    if re.fullmatch(r"-[\d.]+", value):
        assert float(value) < 0
        return f"negative {place}"
    assert not value.isdigit()
    return f"text in {place}"


def test_repeated_keys_repeat_a_whole_row_above():
    text = b"".join(b"U%d,20,Chile,Basic,2023-01-01,1.0\n" % n for n in range(5))
    repeated = list(USER_MISTAKES).index("repeated key")
    defects = np.array([repeated, WHOLE, repeated, repeated, WHOLE])
    lines = break_lines(text, defects, USER_MISTAKES).decode().split()
    keys = [line.split(",")[0] for line in lines]
    assert keys == ["", "U1", "U1", "U1", "U4"]  # nothing is above the first one: its key is empty


def test_text_without_defects_is_returned_as_it_is():
    text = b"a,b\nc,d\n"
    assert break_lines(text, np.array([WHOLE, WHOLE]), SESSION_MISTAKES) is text


def test_each_title_mistake_changes_one_field_of_one_title():
    same = {"title": "Echo", "rating": 7.1, "production_budget": 5}
    titles = [{"content_id": f"M00{number}"} | same for number in range(6)]
    defects = np.array([WHOLE, *range(len(TITLE_MISTAKES))])
    broken = break_documents(titles, defects)
    assert broken[0] == titles[0]
    differences = [dict(old.items() ^ new.items()) for old, new in zip(titles, broken, strict=True)]
    assert [sorted(difference) for difference in differences[1:]] == [
        ["content_id"], ["content_id"], ["title"], ["rating"], ["production_budget"],
    ]  # fmt: skip
    assert broken[2]["content_id"] == "M000"
    assert "title" not in broken[3]
    assert broken[4]["rating"] == "n/a"


def test_a_broken_row_stays_broken_the_next_day(write_world):
    size = Size(200, 20, 30_000)
    lines = []
    for day in (date(2022, 12, 1), date(2022, 12, 2)):
        whole, broken = (write_world(day, size, defects=share) for share in (0.0, 0.05))
        lines.append(
            {
                key.split(",")[0]: after
                for key, after in zip(
                    read(whole, "viewing_sessions.csv"),
                    read(broken, "viewing_sessions.csv"),
                    strict=True,
                )
                if key != after
            }
        )
    today, tomorrow = lines
    common = today.keys() & tomorrow.keys()
    assert len(common) > 20
    assert len(common) >= len(today) - 2  # but for rows deleted meanwhile
    assert sum(today[key] == tomorrow[key] for key in common) >= len(common) - 2


def test_a_higher_share_breaks_the_same_rows_and_more():
    few, many = (draw_defects(np.random.default_rng(5), 10_000, share, 7) for share in (0.01, 0.1))
    assert 50 < (few != WHOLE).sum() < 200
    np.testing.assert_array_equal(many[few != WHOLE], few[few != WHOLE])
    assert 800 < (many != WHOLE).sum() < 1200
    assert set(many.tolist()) == set(range(7)) | {WHOLE}


@pytest.mark.parametrize(("share", "broken"), [(0.0, 0), (1.0, 500)])
def test_shares_of_none_and_all(share, broken):
    assert (draw_defects(np.random.default_rng(5), 500, share, 5) != WHOLE).sum() == broken


def test_a_world_of_broken_rows_only_can_be_written(write_world):
    files = write_world(date(2022, 11, 1), Size(50, 10, 50_000), defects=1.0)
    assert len(read(files, "viewing_sessions.csv")) == files.counts["viewing_sessions"] + 1 > 50
    assert len(read(files, "users.csv")) == files.counts["users"] + 1
