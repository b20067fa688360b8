"""`python -m cli`: which commands there are, how fast it starts, and how it ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pkgutil import resolve_name

import pytest

from cli import CommandError
from cli.__main__ import SIMPLE
from cli.airflow import AirflowError
from include.airflow_api import AirflowUnreachableError
from include.dbt import DbtError
from include.embedded import EmbeddedServerError
from include.environment import ROOT
from include.errors import GuardError

COMMANDS = {
    "demo",
    "backfill",
    "export",
    "run",
    "sql",
    "metric",
    "why",
    "discover",
    "docs",
    "lineage",
    "live",
    *SIMPLE,
}
# Prints as many lines as its argument says.
PRINT_ENV = """
import sys
from cli import env
from cli.__main__ import app
env.ensure_env = lambda path: {f"NAME_{number}": "x" * 80 for number in range(int(sys.argv[1]))}
app(["env"])
"""


def python(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, text=True, check=False, **options)


def test_help_lists_every_command(
    run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("--help") == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.partition("Commands:\n")[2].splitlines()}
    assert listed == COMMANDS
    assert len(listed) == 30


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_says_what_it_does(
    command: str, run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(command, "--help") == 0
    usage, _, text, *_ = capsys.readouterr().out.splitlines()
    assert f" {command} [OPTIONS]" in usage
    assert text.strip().endswith(".")


def test_every_command_without_arguments_has_its_function() -> None:
    assert all(callable(resolve_name(function)) for function, _, _ in SIMPLE.values())


@pytest.mark.parametrize(
    "arguments", [("nope",), ("quarantine", "--nope"), ("sql",), ("sql", "q", "--as", "me")]
)
def test_what_is_not_understood_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = python("-m", "cli", *arguments, capture_output=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: python -m cli ")
    assert "\nError: " in done.stderr
    assert done.stdout == ""


def test_start_imports_nothing_heavy() -> None:
    heavy = ("airflow", "numpy", "pandas", "pymongo", "requests", "rich")
    look = f"print([name for name in {heavy} if name in sys.modules])"
    program = (
        f"import sys; from cli.__main__ import app; app(['sql', '--help'], standalone_mode=False); {look}"
    )
    assert python("-c", program, capture_output=True).stdout.endswith("\n[]\n")
    asking = f"import sys, cli.sql; {look}"
    assert python("-c", asking, capture_output=True).stdout == "[]\n"


@pytest.mark.parametrize("lines", [1, 10_000], ids=["at the end", "in the middle"])
def test_closed_pipe_ends_the_command_quietly(lines: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = python("-c", PRINT_ENV, str(lines), stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    "error", [CommandError, AirflowError, AirflowUnreachableError, DbtError, EmbeddedServerError, GuardError]
)
def test_error_of_the_platforms_own_is_told_by_its_message(
    error: type[Exception],
    run_command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def serve() -> None:
        raise error("it is so")

    monkeypatch.setattr("cli.ui.serve_ui", serve)
    assert run_command("ui") == 1
    assert capsys.readouterr() == ("", "it is so\n")


def test_error_that_nobody_expects_keeps_its_traceback(
    run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.ui.serve_ui", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_command("ui")


def test_exit_code_is_what_the_command_returns(
    run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for returned, code in ((None, 0), (0, 0), (1, 1)):
        monkeypatch.setattr("cli.ui.serve_ui", lambda returned=returned: returned)
        assert run_command("ui") == code
