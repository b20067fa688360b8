"""Run a lesson's tests in its copy, and say in a few lines what failed."""

import re
import subprocess
import time
from dataclasses import dataclass

from include.environment import ROOT
from include.errors import InputError
from include.inherited import inherited
from lessons.copies import Copy

HEADING = re.compile("_{3,} .* _{3,}$")
OPTIONS = ("-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist")
SHOWN_LINES, SHOWN_WIDTH = 12, 160


@dataclass(frozen=True)
class Verdict:
    """What the tests said, and in how many seconds."""

    is_green: bool
    output: str
    seconds: float

    @property
    def words(self) -> str:
        """Return why the first test failed, and which did; the last lines where no test could tell."""
        lines = self.output.splitlines()
        told = [line.removeprefix("E").strip() for line in _first(lines) if line.startswith("E  ")]
        shown = [line for line in told if line][:SHOWN_LINES] or lines[-SHOWN_LINES:]
        failed = [
            line.split(" - ")[0] for line in lines if line.startswith(("FAILED tests/", "ERROR tests/"))
        ]
        return "\n".join(f"  {line[:SHOWN_WIDTH]}" for line in [*shown, *failed])


def prepare(copy: Copy) -> None:
    """Make the environment of the lesson's tests, unless it is there. Raises InputError."""
    part = copy.lesson.venv.removeprefix(".venv").removeprefix("-")
    if subprocess.run([ROOT / "cli" / "setup", *filter(None, [part])], cwd=ROOT, check=False).returncode:
        raise InputError(f"{copy.lesson.venv} could not be made: the lines above say why")


def judge(copy: Copy) -> Verdict:
    """Run the lesson's tests in the copy."""
    began = time.monotonic()
    # Spark's environment has no pytest: its tests start it from the project's.
    own = ROOT / copy.lesson.venv / "bin" / "pytest"
    pytest = own if own.exists() else ROOT / ".venv" / "bin" / "pytest"
    with subprocess.Popen(
        [pytest, *OPTIONS, *copy.lesson.tests],
        cwd=copy.folder,
        env=inherited(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        output, _ = process.communicate()
    return Verdict(process.returncode == 0, output, time.monotonic() - began)


def _first(lines: list[str]) -> list[str]:
    """Return what pytest says of the first test that failed."""
    headings = [number for number, line in enumerate(lines) if HEADING.match(line)]
    first, end = [*headings, *[None] * 2][:2]
    return lines[first:end]
