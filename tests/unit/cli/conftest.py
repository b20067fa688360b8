"""The command line in the tests' own process."""

import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from cli.__main__ import app


@pytest.fixture
def run_command() -> Callable[..., int]:
    """Run a command, print what it printed, and return its exit code.

    Raises SystemExit when the command line is not understood, and what the command raises unexpectedly.
    """

    def run(*arguments: str) -> int:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        if done.exit_code == 2:
            raise SystemExit(2)
        return done.exit_code

    return run
