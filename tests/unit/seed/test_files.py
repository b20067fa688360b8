"""The files of a run: a generated day, or somebody's own folder; old days go, everything else stays."""

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.errors import InputError
from include.generate import LAUNCH
from include.run import OWN_FILES
from include.seed.files import DAYS_KEPT, prepare_files
from include.settings import Settings, read_settings

FILES = ("users.csv", "viewing_sessions.csv", "content.json")
SIZES = {"GENERATE_USERS": "5", "GENERATE_TITLES": "4", "GENERATE_SESSIONS": "20"}
DAY = LAUNCH + timedelta(days=40)


@pytest.fixture
def tiny(tmp_path: Path) -> Settings:
    return read_settings(SIZES | {"DATA_ROOT": str(tmp_path / "data")})


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in FILES:
        (folder / name).touch()
    return folder


def refusal(settings: Settings, as_of: date, data_dir: str = "") -> str:
    with pytest.raises(InputError) as caught:
        prepare_files(settings, as_of, data_dir)
    return str(caught.value)


def test_day_is_generated_into_its_own_folder(tiny: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    files = prepare_files(tiny, DAY)
    folder = tiny.data_root / DAY.isoformat()
    assert (files.folder, files.dataset) == (str(folder), tiny.dataset)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    users = (folder / "users.csv").read_text().splitlines()
    header = "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"
    assert users[0] == header
    assert len(users) >= 2
    assert json.loads((folder / "content.json").read_text())["movies"]
    assert f"{len(users) - 1} users" in caplog.text
    assert str(folder) in caplog.text


def test_same_day_again_gives_the_same_bytes(tiny: Settings) -> None:
    folder = Path(prepare_files(tiny, DAY).folder)
    before = {name: (folder / name).read_bytes() for name in FILES}
    (folder / "users.csv").write_text("broken")
    prepare_files(tiny, DAY)
    assert {name: (folder / name).read_bytes() for name in FILES} == before


def test_own_folder_is_taken_as_it_is(tiny: Settings, own: Path) -> None:
    files = prepare_files(tiny, DAY, str(own))
    assert (files.folder, files.dataset) == (str(own.resolve()), OWN_FILES)
    assert not tiny.data_root.exists()


def test_own_folder_may_be_below_the_home_folder(
    tiny: Settings, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(own.parent))
    assert prepare_files(tiny, DAY, "~/own").folder == str(own.resolve())


def test_home_of_nobody_is_an_input_error(tiny: Settings) -> None:
    assert refusal(tiny, DAY, "~nobody-of-that-name/own").startswith("~nobody-of-that-name/own: ")


@pytest.mark.parametrize("name", ["own", "./own ", "own/."])
def test_relative_folder_is_one_of_the_inbox(tiny: Settings, own: Path, name: str) -> None:
    settings = replace(tiny, inbox=own.parent)
    assert prepare_files(settings, DAY, name).folder == str(own.resolve())


def test_folder_that_may_not_be_entered_is_an_input_error(tiny: Settings, own: Path, as_nobody: None) -> None:
    own.chmod(0)
    said = refusal(tiny, DAY, str(own))
    own.chmod(0o700)
    assert said.startswith(f"{own}: cannot be read (Permission denied). Let this user read it, and enter")


def test_file_that_may_not_be_read_is_an_input_error(tiny: Settings, own: Path, as_nobody: None) -> None:
    (own / "content.json").chmod(0)
    said = refusal(tiny, DAY, str(own))
    assert said.startswith(f"{own / 'content.json'}: cannot be read (Permission denied). Let this user read")


def test_pipe_in_place_of_a_file_is_no_file_and_nobody_waits_for_it(tiny: Settings, own: Path) -> None:
    (own / "users.csv").unlink()
    os.mkfifo(own / "users.csv")
    said = refusal(tiny, DAY, str(own))
    assert "there is no users.csv. What is called users.csv there is a folder or a device" in said


def test_name_that_is_too_long_is_an_input_error(tiny: Settings) -> None:
    assert "cannot be read (File name too long)" in refusal(tiny, DAY, "x" * 300)


@pytest.mark.parametrize("missing", [FILES[:1], FILES[1:], FILES])
def test_missing_files_are_named(tiny: Settings, own: Path, missing: tuple[str, ...]) -> None:
    for name in missing:
        (own / name).unlink()
    message = refusal(tiny, DAY, str(own))
    first = message.partition(". ")[0]
    assert first == f"{own}: there is no {', no '.join(missing)}"
    assert "DATA_DIR" in message


def test_folder_that_is_not_there_is_named(tiny: Settings, tmp_path: Path) -> None:
    assert refusal(tiny, DAY, str(tmp_path / "gone")).startswith(
        f"{tmp_path / 'gone'}: there is no users.csv"
    )


def test_folder_in_place_of_a_file_is_no_file(tiny: Settings, own: Path) -> None:
    (own / "users.csv").unlink()
    (own / "users.csv").mkdir()
    assert "there is no users.csv." in refusal(tiny, DAY, str(own))


def test_old_days_go_and_nothing_else(tiny: Settings) -> None:
    days = [f"2022-09-{number:02d}" for number in range(1, 11)]
    others = ["mine", "2022-9-1", "2022-09-01-copy", "backup-2022-09-01"]
    for name in [*days, *others]:
        (tiny.data_root / name).mkdir(parents=True)
        (tiny.data_root / name / "users.csv").touch()
    prepare_files(tiny, DAY)
    left = sorted(path.name for path in tiny.data_root.iterdir())
    kept = days[-(DAYS_KEPT - 1) :]
    assert left == sorted([*others, *kept, DAY.isoformat()])
    assert len(kept) == 6


def test_old_day_that_is_asked_for_is_not_removed(tiny: Settings) -> None:
    for number in range(1, 12):
        (tiny.data_root / f"2023-01-{number:02d}").mkdir(parents=True)
    folder = Path(prepare_files(tiny, LAUNCH).folder)
    assert (folder / "users.csv").exists()
    assert len(list(tiny.data_root.iterdir())) == DAYS_KEPT


def test_own_folder_removes_no_day(tiny: Settings, own: Path) -> None:
    for number in range(1, 12):
        (tiny.data_root / f"2023-01-{number:02d}").mkdir(parents=True)
    prepare_files(tiny, DAY, str(own))
    assert len(list(tiny.data_root.iterdir())) == 11


@pytest.mark.parametrize(
    ("values", "as_of", "words"),
    [
        ({}, LAUNCH - timedelta(days=1), f"the service starts on {LAUNCH}"),
        ({"GENERATE_USERS": "0"}, DAY, "users is 0"),
        ({"GENERATE_SESSIONS": "-3"}, DAY, "sessions is -3"),
        ({"GENERATE_SEED": "-1"}, DAY, "seed is -1"),
        ({"GENERATE_DEFECTS": "1.5"}, DAY, "defects is 1.5"),
        ({"GENERATE_DEFECTS": "nan"}, DAY, "defects is nan"),
    ],
)
def test_what_cannot_be_generated_is_an_input_error_and_leaves_nothing(
    tmp_path: Path, values: dict[str, str], as_of: date, words: str
) -> None:
    settings = read_settings(SIZES | values | {"DATA_ROOT": str(tmp_path / "data")})
    message = refusal(settings, as_of)
    assert message.startswith(f"Cannot generate files as of {as_of}: ")
    assert words in message
    assert not (tmp_path / "data").exists()
