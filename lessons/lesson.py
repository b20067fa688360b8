"""What a lesson is, and which there are: a file each, `03_fan_out.yml`."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from include.environment import ROOT
from include.errors import InputError

FILES = sorted(Path(__file__).parent.glob("[0-9]*.yml"))


@dataclass(frozen=True)
class Lesson:
    """A fault, `broken` in the place of `right` in `file`, and the tests that are red for it.

    `story` is what people see, `shown` a text that the tests print then. `tests` need `venv`; `read` are
    documents of the project.
    """

    number: int
    area: str
    title: str
    story: str
    file: str
    right: str
    broken: str
    tests: list[str]
    shown: str
    hint: str
    read: list[str]
    venv: str = ".venv"

    def plant(self, project: Path) -> None:
        """Break the file in a copy of the project. Raises InputError where the text is not there once."""
        file = project / self.file
        text = file.read_text()
        if text.count(self.right) != 1:
            raise InputError(
                f"Lesson {self.number} breaks a text of {self.file} that is not there once: the file was"
                " changed. Give make lesson a clone as it was"
            )
        file.write_text(text.replace(self.right, self.broken))


def all_lessons() -> list[Lesson]:
    """Return the lessons in their order."""
    return [Lesson(**yaml.safe_load(file.read_text())) for file in FILES]


def lesson_of(number: str) -> Lesson:
    """Return the lesson of a number. Raises InputError where there is none."""
    lessons = {str(lesson.number): lesson for lesson in all_lessons()}
    if number not in lessons:
        raise InputError(f"N={number} is no lesson: there are 1 to {len(lessons)}. make lesson lists them")
    return lessons[number]


def documents(lesson: Lesson) -> list[Path]:
    """Return the files that the lesson names to read on."""
    return [ROOT / place.partition("#")[0] for place in lesson.read]
