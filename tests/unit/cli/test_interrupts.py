"""Ctrl-C in a terminal: one line of ours, and none of make's."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from include.environment import ROOT
from tests.unit.cli.terminal import interrupted

# Stands for `python -m cli`: says that it is up, and ends as the command line does.
CLI = """#!{python}
import sys, time
sys.path.insert(0, "{root}")
from cli import __main__
def serve():
    print("up", flush=True)
    time.sleep(30)
__main__.resolve_name = lambda _: serve
sys.argv[1:] = sys.argv[3:]
__main__.app()
"""
SETUP = "#!/usr/bin/env bash\ncmp -s requirements-dev.txt .venv/installed.txt || { echo up; sleep 30; }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone with a .venv whose Python is the one above."""
    (tmp_path / "cli").mkdir()
    shutil.copy2(ROOT / "Makefile", tmp_path)
    _write(tmp_path / "cli" / "setup", SETUP)
    _write(tmp_path / "cli" / "stack", "#!/usr/bin/env bash\n[[ $1 != is-up ]]\n")
    _write(tmp_path / ".venv" / "bin" / "python", CLI.format(python=sys.executable, root=ROOT))
    (tmp_path / "requirements-dev.txt").touch()
    (tmp_path / ".venv" / "installed.txt").touch()
    return tmp_path


@pytest.fixture
def interrupt(folder: Path) -> Callable[..., tuple[str, int]]:
    """Return what a terminal shows after Ctrl-C, and the signal that make ends by."""

    def run(*arguments: str) -> tuple[str, int]:
        return interrupted(["make", *arguments], folder, {"PATH": os.environ["PATH"]})

    return run


@pytest.mark.parametrize("command", ["ui", "replay", "check-sources"])
def test_interrupted_command_is_told_in_one_line(
    interrupt: Callable[..., tuple[str, int]], command: str
) -> None:
    shown, ended = interrupt(command)
    assert shown == "^C\r\nInterrupted.\r\n"
    assert ended == -signal.SIGINT


def test_interrupted_script_is_not_told_by_make(
    interrupt: Callable[..., tuple[str, int]], folder: Path
) -> None:
    (folder / "requirements-dev.txt").write_text("newer")
    assert interrupt("ui") == ("^C", -signal.SIGINT)
    assert interrupt("reconcile") == ("^C", -signal.SIGINT)


def test_interrupt_before_the_command_line_is_ready_is_told_too() -> None:
    program = "import cli, signal; signal.raise_signal(signal.SIGINT)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("\nInterrupted.\n", -signal.SIGINT)


def _write(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
