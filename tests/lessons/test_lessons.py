"""Every lesson is red for its own reason, has a hint, and is green when it is mended."""

from pathlib import Path

import pytest

from include.environment import ROOT
from include.errors import InputError
from lessons.__main__ import give, list_lessons
from lessons.copies import BEGUN, DONE, NEW, Copy
from lessons.lesson import Lesson, all_lessons

LESSONS = all_lessons()
# Its tests need no server.
QUICK = LESSONS[6]


def mend(lesson: Lesson, home: Path) -> None:
    file = Copy(lesson, home).folder / lesson.file
    file.write_text(file.read_text().replace(lesson.broken, lesson.right))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: f"{lesson.number}-{lesson.area}")
def test_red_hint_green(lesson: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    own = (ROOT / lesson.file).read_bytes()
    give(lesson, tmp_path)
    said = capsys.readouterr().out
    assert lesson.story in said
    assert "\nRED, in " in said
    assert lesson.shown in said
    assert lesson.hint not in said
    give(lesson, tmp_path, hint=True)
    assert capsys.readouterr().out == lesson.hint
    assert Copy(lesson, tmp_path).state == BEGUN
    mend(lesson, tmp_path)
    give(lesson, tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("GREEN, in ")
    assert all(place in said for place in lesson.read)
    assert Copy(lesson, tmp_path).state == DONE
    assert (ROOT / lesson.file).read_bytes() == own


def test_what_is_not_mended_stays_red_and_another_repair_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    give(QUICK, tmp_path)
    capsys.readouterr()
    give(QUICK, tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("RED, in ")
    # Of several tests the first tells.
    assert said.count("AssertionError") == 1
    assert said.endswith("A hint: make lesson 7 HINT=1\n")
    file = Copy(QUICK, tmp_path).folder / QUICK.file
    ours = 'when = context.get("logical_date") or context["dag_run"].run_after\n    return when.date()'
    file.write_text(file.read_text().replace(QUICK.broken, ours))
    give(QUICK, tmp_path)
    said = capsys.readouterr().out
    assert f"  -    {QUICK.right}\n" in said
    assert "  +    return when.date()\n" in said
    assert said.endswith(f"Next: make lesson 8, dbt: {LESSONS[7].title}\n")


def test_a_repair_that_python_cannot_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    give(QUICK, tmp_path)
    file = Copy(QUICK, tmp_path).folder / QUICK.file
    file.write_text(file.read_text().replace(QUICK.broken, "return ("))
    capsys.readouterr()
    give(QUICK, tmp_path)
    assert "SyntaxError" in capsys.readouterr().out


def test_a_lesson_begins_anew_where_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    give(QUICK, tmp_path)
    mend(QUICK, tmp_path)
    list_lessons(tmp_path)
    begun = [line for line in capsys.readouterr().out.splitlines() if line.endswith(BEGUN)]
    assert [line.split()[0] for line in begun] == [str(QUICK.number)]
    give(QUICK, tmp_path, again=True)
    assert QUICK.broken in (Copy(QUICK, tmp_path).folder / QUICK.file).read_text()


def test_a_lesson_whose_tests_fail_for_another_reason_does_not_begin(tmp_path: Path):
    other = Lesson(**{**vars(QUICK), "shown": "another reason"})
    with pytest.raises(InputError, match="do not end as they should"):
        give(other, tmp_path)
    assert Copy(other, tmp_path).state == NEW
