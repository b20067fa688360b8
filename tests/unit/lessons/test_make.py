"""`make lesson 3`: which command line it becomes. Python is played here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from include.environment import ROOT

PROGRAMS = {"cli/setup": "true", ".venv/bin/python": 'echo "$@"'}


@pytest.mark.parametrize(
    ("arguments", "becomes"),
    [
        (("lesson",), "-m lessons"),
        (("lesson", "3"), "-m lessons 3"),
        (("lesson", "N=3"), "-m lessons 3"),
        (("lesson", "12", "HINT=1"), "-m lessons 12 --hint"),
        (("lesson", "N=7", "AGAIN=1"), "-m lessons 7 --again"),
        (("lesson", "7", "AGAIN=0"), "-m lessons 7"),
        (("lesson", "N=`id`"), "-m lessons `id`"),
    ],
)
def test_make_lesson(arguments: tuple[str, ...], becomes: str, tmp_path: Path) -> None:
    for name, script in PROGRAMS.items():
        program = tmp_path / name
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    shutil.copy2(ROOT / "Makefile", tmp_path)
    # The shell's N is nobody's lesson.
    env = {"PATH": os.environ["PATH"], "N": "5"}
    done = subprocess.run(
        ["make", *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == becomes
