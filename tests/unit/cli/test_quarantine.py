"""`make quarantine`: how rows are printed, and what is said where there is nothing to read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli import quarantine


def test_sample_is_one_line_a_row_whatever_the_row_holds(capsys: pytest.CaptureFixture[str]) -> None:
    quarantine._print_sample(
        [
            ("users.csv", "3", "age", "old\nman", "is not a whole number", 'U1,"old\nman",x'),
            ("users.csv", "4", None, None, "the row has 1 fields, the header has 6", "U2" + "x" * 500),
            ("mongo_content", "66f0", "title", None, "is missing", "{}"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [
        "Some of them",
        "  users.csv, 3: age 'old man' is not a whole number",
        '      U1,"old man",x',
    ]
    assert lines[4] == "  users.csv, 4: the row has 1 fields, the header has 6"
    assert lines[5].endswith("xxx…")
    assert len(lines[5]) < 180
    assert lines[6:] == ["  mongo_content, 66f0: title None is missing", "      {}"]


def test_counts_stand_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    quarantine._print_counts("Rejected", [("seed", "users", "age is empty", 12_345)])
    line = "     12,345  seed     users                      age is empty"
    assert capsys.readouterr().out == f"\nRejected\n{line}\n"


@pytest.mark.parametrize("command", ["quarantine", "reconcile"])
def test_without_a_warehouse_it_says_what_makes_one(
    command: str,
    run_command: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("cli.warehouse.SECRETS", tmp_path / "no secrets")
    monkeypatch.setattr("cli.warehouse.LOCAL", tmp_path)
    assert run_command(command) == 1
    assert capsys.readouterr().err == "There is no warehouse yet: run `make demo` first.\n"


def test_sample_shows_what_nobody_sees(capsys: pytest.CaptureFixture[str]) -> None:
    quarantine._print_sample([("users.csv", "3", "user_id", "\u00a0\u200b  ", "is empty", "x")])
    assert capsys.readouterr().out.splitlines()[2] == r"  users.csv, 3: user_id '\xa0\u200b  ' is empty"
