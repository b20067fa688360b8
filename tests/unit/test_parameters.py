"""What a trigger's values mean, and which of them cannot be meant."""

import pytest

from include.errors import InputError
from include.parameters import (
    RANGES,
    allows_mass_deletion,
    data_dir_of,
    generated_sizes,
    is_full_refresh,
    tables_of,
    with_sizes,
)
from include.settings import read_settings

ALL = {"users", "viewing_sessions", "content"}


@pytest.mark.parametrize(
    ("said", "folder"),
    [(" /my/files\n", "/my/files"), ("/my/files", "/my/files"), ("  ", None), ("", None), (None, None)],
)
def test_blanks_around_a_folder_are_nobodys(said: str | None, folder: str | None) -> None:
    assert data_dir_of({"data_dir": said}) == folder


@pytest.mark.parametrize(
    ("params", "is_full"),
    [
        ({}, False),
        ({"mode": None}, False),
        ({"mode": ""}, False),
        ({"mode": "incremental"}, False),
        ({"mode": "full refresh"}, True),
    ],
)
def test_star_is_built_from_nothing_in_that_mode_only(params: dict, is_full: bool) -> None:
    assert is_full_refresh(params) == is_full


@pytest.mark.parametrize("mode", ["full_refresh", "FULL REFRESH", True, ["incremental"]])
def test_unknown_mode_is_refused(mode: object) -> None:
    with pytest.raises(InputError, match=r"^mode must be one of"):
        is_full_refresh({"mode": mode})


@pytest.mark.parametrize(
    ("named", "brought"),
    [
        (None, ALL),
        ([], ALL),
        (["content"], {"content"}),
        (["users", "content", "users"], {"users", "content"}),
    ],
)
def test_no_table_means_all(named: list[str] | None, brought: set[str]) -> None:
    assert tables_of({"tables": named}) == brought
    assert tables_of({}) == ALL


@pytest.mark.parametrize("named", [["film"], ["users", ""], "users", {"users": 1}, [["users"]], [None], 3])
def test_table_that_is_not_declared_is_refused(named: object) -> None:
    with pytest.raises(
        InputError, match=r"^tables must be a list of names from users, viewing_sessions, content"
    ):
        tables_of({"tables": named})


def test_sizes_of_the_run_take_the_place_of_the_settings_and_name_another_data_set() -> None:
    settings = read_settings({"GENERATE_USERS": "7"})
    changed = with_sizes(settings, {"sessions": 9, "seed": 0, "titles": None})
    assert (changed.users, changed.titles, changed.sessions, changed.seed) == (7, 300, 9, 0)
    assert changed.dataset == "generated seed=0 users=7 titles=300 sessions=9 defects=0.0"
    assert with_sizes(settings, {}) == settings


@pytest.mark.parametrize("name", RANGES)
def test_number_out_of_range_or_none_is_refused(name: str) -> None:
    smallest, largest = RANGES[name]
    for value in (smallest, largest):
        assert generated_sizes({name: value}) == {name: value}
    for value in (smallest - 1, largest + 1, "5", 5.5, True, [5]):
        with pytest.raises(InputError, match=f"^{name} must be a whole number from {smallest} to {largest}"):
            generated_sizes({name: value})


def test_mass_deletion_is_allowed_by_true_or_by_files_alone() -> None:
    assert not allows_mass_deletion({})
    assert not allows_mass_deletion({"allow_mass_deletion": None, "data_dir": " "})
    assert allows_mass_deletion({"allow_mass_deletion": True})
    assert allows_mass_deletion({"data_dir": "september"})
    for value in ("false", "no", 1):
        with pytest.raises(InputError, match=r"^allow_mass_deletion must be true or false"):
            allows_mass_deletion({"allow_mass_deletion": value})
