"""The lessons fit the project as it is: each breaks a text that is there once, in one of six areas."""

from pathlib import Path

import pytest

from include.environment import ROOT
from include.errors import InputError
from lessons import copies
from lessons.lesson import FILES, Lesson, all_lessons, documents, lesson_of

LESSONS = all_lessons()
AREAS = {"extraction", "dbt", "Airflow", "Spark", "lakehouse", "Kafka"}
DOCUMENT = (ROOT / "docs" / "lessons.md").read_text()
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: str(lesson.number))


def test_twelve_lessons_are_numbered_like_their_files() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, 13))
    assert [int(file.name[:2]) for file in FILES] == list(range(1, 13))


def test_every_area_has_a_lesson() -> None:
    assert {lesson.area for lesson in LESSONS} == AREAS


@each_lesson
def test_what_is_broken_is_there_once_and_the_repair_can_be_told(lesson: Lesson, tmp_path: Path) -> None:
    right = (ROOT / lesson.file).read_text()
    file = tmp_path / lesson.file
    file.parent.mkdir(parents=True)
    file.write_text(right)
    lesson.plant(tmp_path)
    assert file.read_text() != right
    assert file.read_text().replace(lesson.broken, lesson.right) == right


@each_lesson
def test_what_judges_and_what_is_read_is_there(lesson: Lesson) -> None:
    for test in lesson.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text()
    assert lesson.read
    assert all(document.is_file() for document in documents(lesson))


@each_lesson
def test_the_document_lists_it_and_does_not_give_it_away(lesson: Lesson) -> None:
    assert f"| {lesson.number} | {lesson.area} | {lesson.title} |" in DOCUMENT
    assert lesson.file not in DOCUMENT


def test_a_text_that_was_changed_is_told(tmp_path: Path) -> None:
    file = tmp_path / LESSONS[0].file
    file.parent.mkdir(parents=True)
    file.write_text("something else")
    with pytest.raises(InputError, match=r"include/extract_load/loading\.py that is not there once"):
        LESSONS[0].plant(tmp_path)


@pytest.mark.parametrize("number", ["0", "13", "one"])
def test_a_number_of_no_lesson_is_told(number: str) -> None:
    with pytest.raises(InputError, match=f"N={number} is no lesson: there are 1 to 12"):
        lesson_of(number)


def test_without_git_the_tree_is_copied_but_for_what_is_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, copy = tmp_path / "tree", tmp_path / "copy"
    for name in ("Makefile", "dags/a.py", ".env", ".local/lessons/1/Makefile", ".venv-lake/bin/pytest"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    monkeypatch.setattr(copies, "ROOT", root)
    monkeypatch.setenv("PATH", str(tmp_path))
    copies.copy_project(copy)
    assert sorted(str(file.relative_to(copy)) for file in copy.rglob("*") if file.is_file()) == [
        "Makefile",
        "dags/a.py",
    ]
