"""The files: the exact headers, whole or not at all, and the command that writes them."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import include.generate
from include.errors import InputError
from include.generate import Size, write_files
from include.generate.__main__ import main
from include.generate.files import WRITERS, replacing
from include.tables import PLAYED, SOURCES_BY_NAME

TINY = Size(users=20, titles=6, sessions=200)
DAY = date(2022, 12, 1)
USERS_HEADER = "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"
NAMES = sorted(source.file for source in SOURCES_BY_NAME.values())
ROOT = Path(include.generate.__file__).parents[2]


def test_csv_files_have_the_headers_and_formats_of_the_contract(files):
    users = (files.folder / "users.csv").read_text("utf-8").splitlines()
    sessions = (files.folder / "viewing_sessions.csv").read_text("utf-8").splitlines()
    assert users[0] == USERS_HEADER
    assert sessions[0] == (
        "session_id,user_id,content_id,watch_date,watch_duration_minutes,completion_percentage,"
        "device_type,quality_level"
    )
    assert len(users) == 5001
    assert {line.count(",") for line in users} == {5}
    assert {line.count(",") for line in sessions} == {7}
    user = re.compile(r"U\d{4},\d\d+,[A-Z][\w ]+,(Basic|Standard|Premium),20\d\d-\d\d-\d\d,\d+\.\d")
    session = re.compile(
        r"S\d{6},U\d{4},[MS]\d{3},20\d\d-\d\d-\d\d,\d+,\d+\.\d,"
        r"(Mobile|Smart TV|Desktop|Tablet|Gaming Console),(SD|HD|4K)"
    )
    assert [line for line in users[1:] if not user.fullmatch(line)] == []
    assert [line for line in sessions[1:] if not session.fullmatch(line)] == []


def test_rows_are_in_the_order_of_unique_ids_and_of_time(files):
    sessions = files.sessions
    assert sessions["session_id"].is_unique
    assert sessions["session_id"].is_monotonic_increasing
    assert sessions["watch_date"].is_monotonic_increasing
    assert sessions["watch_date"].max() == "2024-09-01"
    assert files.users["user_id"].is_unique
    assert files.users["user_id"].is_monotonic_increasing


@pytest.mark.parametrize("name", NAMES)
def test_files_are_utf8_with_line_feeds_and_a_last_line_end(files, name):
    content = (files.folder / name).read_bytes()
    assert b"\r" not in content
    assert b"\0" not in content
    assert content.endswith(b"\n")
    content.decode("utf-8")


def test_ids_grow_wider_when_they_must(write_world):
    files = write_world(date(2022, 9, 20), Size(users=300_000, titles=2000, sessions=90_000_000))
    assert files.counts["users"] > 9999
    assert list(files.lines("users.csv"))[-1].startswith("U1")
    assert len(list(files.lines("users.csv"))[-1]) == len("U10000")
    assert files.content["movies"][-1]["content_id"] > "M7"
    numbers = [int(key[1:]) for key in files.lines("viewing_sessions.csv")]
    assert numbers == sorted(set(numbers))


def test_only_the_three_files_are_left(write_world):
    files = write_world(DAY, TINY)
    assert sorted(path.name for path in files.folder.iterdir()) == NAMES


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "users.csv"
    path.write_bytes(b"old\n")

    def fail():
        with replacing(path) as file:
            file.write(b"half of the new")
            file.flush()
            assert path.read_bytes() == b"old\n"
            assert len(list(tmp_path.iterdir())) == 2  # the unfinished one is in the same folder
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_one_file_replaces_none(tmp_path, monkeypatch):
    write_files(tmp_path, as_of=DAY, seed=1, size=TINY)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("include.generate.writers._content_text", fail)
    with pytest.raises(OSError, match="disk full"):
        write_files(tmp_path, as_of=DAY, seed=2, size=TINY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(before) == NAMES


def test_files_can_be_read_by_whom_the_umask_lets(tmp_path):
    old = os.umask(0o022)
    try:
        write_files(tmp_path, as_of=DAY, seed=1, size=TINY)
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"as_of": date(2022, 8, 31)}, "starts on 2022-09-01"),
        ({"size": Size(0, 6, 200)}, "users is 0"),
        ({"size": Size(20, -1, 200)}, "titles is -1"),
        ({"size": Size(20, 6, 0)}, "sessions is 0"),
        ({"defects": 1.1}, "from 0 to 1"),
        ({"defects": float("nan")}, "from 0 to 1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_impossible_arguments_are_refused_before_anything_is_written(tmp_path, change, message):
    arguments = {"as_of": DAY, "seed": 1, "size": TINY} | change
    with pytest.raises(ValueError, match=message):
        write_files(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_the_command_writes_into_a_folder_of_the_date(tmp_path, write_world):
    size = [f"--{name}={count}" for name, count in vars(TINY).items()]
    command = [sys.executable, "-m", "include.generate", f"--as-of={DAY}", "--seed=7", *size]
    done = subprocess.run(
        [*command, "--defects=0.1", f"--out={tmp_path}"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "12"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = write_world(DAY, TINY, seed=7, defects=0.1)
    for name in NAMES:
        written = (tmp_path / "2022-12-01" / name).read_bytes()
        assert written == (expected.folder / name).read_bytes()
    assert f"{expected.counts['viewing_sessions']} viewing_sessions" in done.stdout
    assert done.stderr == ""  # no progress bar where there is no terminal


def test_the_command_explains_what_is_wrong(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--as-of", "2020-01-01", "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert "starts on 2022-09-01" in capsys.readouterr().err


def test_the_command_defaults_to_the_anchor_and_the_default_size(monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(
        "include.generate.__main__.write_files",
        lambda folder, **arguments: asked.update(folder=folder, **arguments) or {"users": 1},
    )
    assert main([]) == 0
    assert asked == {
        "folder": Path("data/2024-09-01"),
        "as_of": date(2024, 9, 1),
        "seed": 42,
        "size": Size(users=5000, titles=300, sessions=200_000),
        "defects": 0.0,
    }
    assert "1 users to data" in capsys.readouterr().out


def test_content_has_one_title_a_line(files):
    lines = (files.folder / "content.json").read_text("utf-8").splitlines()
    titles = [line for line in lines if line.startswith('{"content_id"')]
    assert len(titles) == 300
    assert json.loads(titles[0].rstrip(",")) == files.content["movies"][0]


def test_every_played_source_has_a_writer():
    assert WRITERS.keys() == {source.name for source in PLAYED}


def test_product_that_is_not_declared_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("include.generate.files.PLAYED", ())
    with pytest.raises(InputError, match=f"no entry with a file for {', '.join(sorted(WRITERS))}"):
        write_files(tmp_path, as_of=DAY, seed=1, size=TINY)
    assert list(tmp_path.iterdir()) == []
