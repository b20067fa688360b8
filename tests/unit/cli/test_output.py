"""How tables are printed: as plain columns, and on a terminal."""

import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest

from cli.output import print_table

LINE = "{:12}{:>12}  {}"
HEADERS = ("table", "rows", "remark")
ROWS = [
    ("users[0]", 5_000, ""),
    ("titles", Decimal("1234.50"), "[red]" + "long " * 60 + "end"),
    ("new", None, "-"),
]


def make_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a terminal of 60 columns of what the test captures."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")


def test_file_or_pipe_gets_plain_columns_that_are_never_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table(HEADERS, LINE, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "table               rows  remark",
        "users[0]           5,000",
        "titles          1,234.50  [red]" + "long " * 60 + "end",
        "new                       -",
    ]


def test_without_headers_there_is_no_line_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([""] * 3, LINE, ROWS[:1])
    assert capsys.readouterr().out == "users[0]           5,000\n"


def test_terminal_gets_a_table_that_fits_and_holds_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal(monkeypatch)
    print_table(HEADERS, LINE, ROWS)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert (lines[0][0], lines[0][-1], lines[-1][0], lines[-1][-1]) == ("╭", "╮", "╰", "╯")
    assert {len(line) for line in lines if "\033" not in line} == {60}
    assert any("│ users[0] │    5,000 │" in line for line in lines)
    assert shown.count("long") == 60
    assert "[red]" in shown
    assert "…" not in shown


def test_terminal_gets_the_rows_that_came_before_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal(monkeypatch)

    def rows() -> Iterator[tuple]:
        yield ROWS[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        print_table(HEADERS, LINE, rows())
    assert "│ users[0] │" in capsys.readouterr().out
