"""What people cause is told in their words: the variable, and what to do; never a traceback."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest

from cli.words import NEW_PASSWORD, NO_MORE, REMEDIES
from include.environment import ROOT
from include.tables import PLAYED


@pytest.fixture
def said(
    run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what a command says when make calls it so, and nothing is started."""
    monkeypatch.setenv("ASKED_BY_MAKE", "1")
    monkeypatch.setattr("cli.demo.owned", lambda _: pytest.fail("something starts"))
    monkeypatch.setattr("cli.run._beside_ui", lambda: pytest.fail("something starts"))
    for module in ("demo", "run"):
        monkeypatch.setattr(f"cli.{module}.read_env", lambda _: {}, raising=False)

    def say(*arguments: str) -> str:
        with suppress(SystemExit):
            assert run_command(*arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    return say


@pytest.mark.parametrize("command", ["demo", "run"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--as-of", "garbage"), "AS_OF must be a day, as 2024-09-02, not 'garbage'\n"),
        (("--as-of", ""), "AS_OF must be a day, as 2024-09-02, not ''\n"),
        (
            ("--as-of", "1999-01-01"),
            "AS_OF must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is 1999-01-01\n",
        ),
        (
            ("--as-of", "9999-12-31"),
            "AS_OF must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is 9999-12-31\n",
        ),
        (("--data-dir", " "), "DATA_DIR is empty: name the folder with your files, or leave it out\n"),
        (
            ("--data-dir", "~nosuch/x"),
            "~nosuch/x: Could not determine home directory. Give the whole path instead of ~\n",
        ),
    ],
)
def test_wrong_day_or_folder_is_told_before_anything_starts(
    said: Callable[..., str], command: str, arguments: tuple[str, ...], sentence: str
) -> None:
    assert said(command, *arguments) == sentence


def test_folder_that_cannot_be_entered_is_told_before_anything_starts(
    said: Callable[..., str], tmp_path: Path, as_nobody: None
) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0)
    assert said("demo", "--data-dir", str(own)).startswith(f"{own}: cannot be read (Permission denied). Let ")


def test_day_of_own_files_may_be_older_than_the_product(
    run_command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in PLAYED:
        (tmp_path / source.file).touch()
    monkeypatch.setattr("cli.demo.read_env", lambda _: {}, raising=False)
    monkeypatch.setattr("cli.demo._run", lambda *_: 7)
    assert run_command("demo", "--as-of", "1999-01-01", "--data-dir", str(tmp_path)) == 7


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (("sql", ""), "Q is empty: make sql Q="),
        (("sql", " ; "), "Q is empty: make sql Q="),
        (("sql", "select 1", "--as", "me"), "AS: 'me' is not one of 'bi_reader', 'admin'"),
        (("docs", "--port", "web"), "PORT: "),
        (("docs", "--port", "65536"), "Port 65536 cannot be used"),
    ],
)
def test_wrong_variable_is_named(said: Callable[..., str], arguments: tuple[str, ...], begins: str) -> None:
    message = said(*arguments)
    assert message.startswith(begins)
    assert message.count("\n") == 1


def test_without_make_the_option_is_named_too(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_command("demo", "--as-of", "x")
    assert "Error: Invalid value for '--as-of': AS_OF must be a day" in capsys.readouterr().err


@pytest.mark.parametrize("number", REMEDIES)
def test_what_the_machine_refuses_is_a_sentence(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def serve() -> None:
        raise OSError(number, os.strerror(number), "/x/postgres.log")

    monkeypatch.setattr("cli.ui.serve_ui", serve)
    assert said("ui") == f"{os.strerror(number)}: /x/postgres.log. {REMEDIES[number]}\n"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_lack_of_memory_or_threads_is_a_sentence(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def serve() -> None:
        raise error

    monkeypatch.setattr("cli.ui.serve_ui", serve)
    assert said("ui") == f"{NO_MORE}\n"


def test_other_errors_of_files_keep_their_traceback(
    run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve() -> None:
        raise OSError(errno.EBADF, "x")

    monkeypatch.setattr("cli.ui.serve_ui", serve)
    with pytest.raises(OSError, match="x"):
        run_command("ui")


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ('FATAL:  password authentication failed for user "postgres"', f"\n{NEW_PASSWORD}\n"),
        ("connection refused", "\n"),
    ],
)
def test_server_that_refuses_is_a_sentence(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, words: str, end: str
) -> None:
    def serve() -> None:
        raise psycopg2.OperationalError(f"{words}\n")

    monkeypatch.setattr("cli.ui.serve_ui", serve)
    assert said("ui") == words + end


# Looks for the warehouse in a folder without one.
WITHOUT_DATA = """
from pathlib import Path
from cli import __main__, warehouse
warehouse.LOCAL = Path("none")
__main__.app()
"""


@pytest.mark.parametrize(
    ("arguments", "closed"),
    [
        (("quarantine",), "<&-"),
        (("sql", "select 1"), ">&-"),
        (("replay",), "2>&-"),
        (("docs",), ">&-"),
        (("reconcile",), "<&- >&- 2>&-"),
    ],
)
def test_command_without_a_stream_ends_without_a_traceback(arguments: tuple[str, ...], closed: str) -> None:
    command = [sys.executable, "-c", WITHOUT_DATA, *arguments]
    done = subprocess.run(
        ["bash", "-c", f'exec env LC_ALL=xx_YY.bad "$@" {closed}', "bash", *command],
        env={"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = "There is no warehouse yet: run `make demo` first.\n"
    assert done.stderr == ("" if "2>" in closed else told)
