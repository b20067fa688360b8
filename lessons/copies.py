"""The copy of the project in which a lesson takes place: what git tracks, and what it would track."""

import difflib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from include.environment import ROOT
from lessons.lesson import Lesson

HOME = ROOT / ".local" / "lessons"
LISTING = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
# A tree without git: what is made here, and secrets, stay.
NOT_COPIED = (
    ".git",
    ".venv*",
    ".local",
    ".env",
    "data",
    "target",
    "logs",
    "export",
    "node_modules",
    "__pycache__",
)
BEGUN, DONE, NEW = "begun", "done", ""


@dataclass(frozen=True)
class Copy:
    """A lesson's copy below `home`."""

    lesson: Lesson
    home: Path = HOME

    @property
    def folder(self) -> Path:
        return self.home / str(self.lesson.number)

    @property
    def state(self) -> str:
        """Tell whether the lesson was begun, or done."""
        if not self.folder.exists():
            return NEW
        return DONE if self._mark.exists() else BEGUN

    def begin(self) -> None:
        """Copy the project anew, and break it."""
        part = self.folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        self.forget()
        copy_project(part)
        for venv in {".venv", self.lesson.venv}:
            (part / venv).symlink_to(ROOT / venv)
        self.lesson.plant(part)
        # At last under its name: half a copy is none.
        part.rename(self.folder)

    def forget(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self) -> None:
        """Note that the lesson is done."""
        self._mark.touch()

    def difference(self) -> str:
        """Return how the repaired file differs from the project's own."""
        texts = [(folder / self.lesson.file).read_text() for folder in (ROOT, self.folder)]
        lines = (text.splitlines(keepends=True) for text in texts)
        return "".join(difflib.unified_diff(*lines, "the project's", "yours", n=1))

    @property
    def _mark(self) -> Path:
        return self.folder / ".lesson-done"


def copy_project(folder: Path) -> None:
    """Copy the project into a folder, which may be there; without git all that is not made here."""
    names = [name for name in _listed() if (ROOT / name).is_file()]
    if not names:
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), dirs_exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def _listed() -> list[str]:
    """Return the names of files that git knows; none where there is no git, or no clone."""
    if not shutil.which("git"):
        return []
    done = subprocess.run(LISTING, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.rstrip("\0").split("\0") if done.stdout else []
