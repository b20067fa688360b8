"""What `make lesson` calls: list the lessons, begin one, check it, give its hint."""

import sys
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer

from include.errors import InputError
from lessons.copies import HOME, NEW, Copy
from lessons.judge import Verdict, judge, prepare
from lessons.lesson import Lesson, all_lessons, lesson_of

MOST = 3_000
LIST = "  {0.number:>2}  {0.area:<11} {0.title:<66} {1}"


def list_lessons(home: Path = HOME) -> None:
    """Print all lessons and how far each is."""
    for lesson in all_lessons():
        print(LIST.format(lesson, Copy(lesson, home).state).rstrip())
    print("\nBegin one, and check it later, by its number: make lesson 1")


def give(lesson: Lesson, home: Path = HOME, *, hint: bool = False, again: bool = False) -> None:
    """Begin a lesson, or check what the learner did since; with `hint` print that alone.

    Raises InputError where the lesson cannot begin.
    """
    copy = Copy(lesson, home)
    if again or copy.state == NEW:
        _begin(copy)
    elif not hint:
        _check(copy)
    if hint:
        print(lesson.hint, end="")


def _begin(copy: Copy) -> None:
    lesson = copy.lesson
    print(f"Lesson {lesson.number}, {lesson.area}: {lesson.title}\n\n{lesson.story}", flush=True)
    prepare(copy)
    copy.begin()
    verdict = judge(copy)
    if verdict.is_green or lesson.shown not in verdict.output:
        copy.forget()
        raise InputError(f"The lesson's tests do not end as they should here:\n{verdict.output[-MOST:]}")
    print(_red(verdict))
    print(
        f"The project, broken, is in {copy.folder}. Yours is as it was. Mend there:\n\n"
        f"  {copy.folder / lesson.file}\n\n"
        f"  make lesson {lesson.number}           checks it\n"
        f"  make lesson {lesson.number} HINT=1    gives a hint\n"
        f"  make lesson {lesson.number} AGAIN=1   begins anew"
    )


def _check(copy: Copy) -> None:
    number = copy.lesson.number
    verdict = judge(copy)
    if not verdict.is_green:
        print(f"{_red(verdict)}\nA hint: make lesson {number} HINT=1")
        return
    copy.end()
    print(f"GREEN, in {verdict.seconds:.0f} s. Well done.\n\n{_compared(copy)}")
    print(f"Read on: {', '.join(copy.lesson.read)}")
    if following := [lesson for lesson in all_lessons() if lesson.number == number + 1]:
        print("Next: make lesson {0.number}, {0.area}: {0.title}".format(*following))


def _red(verdict: Verdict) -> str:
    return f"RED, in {verdict.seconds:.0f} s:\n\n{verdict.words}\n"


def _compared(copy: Copy) -> str:
    if difference := copy.difference():
        return f"Your repair beside the project's own text:\n\n{indent(difference, '  ')}"
    return "Your repair is the project's own text.\n"


def main(
    number: Annotated[str, typer.Argument(metavar="[NUMBER]", help="Of a lesson; none: list them.")] = "",
    hint: Annotated[bool, typer.Option("--hint", help="Print the hint.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Copy and break the project anew.")] = False,
) -> None:
    """Break something in a copy of the project, and check the repair."""
    if number:
        give(lesson_of(number), hint=hint, again=again)
    else:
        list_lessons()


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputError as error:
        sys.exit(f"\n{error}")
