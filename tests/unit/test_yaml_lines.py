"""A YAML file that is no YAML, or no file, and one whose names are like Python's own words."""

from pathlib import Path

import pytest

from include.errors import InputError
from include.yaml_lines import YamlFile


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object", "properties": {"ages": {"items": {"type": "number"}}}}')
    return file


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "file.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_only_true_and_false_are_booleans_and_a_date_is_a_text(tmp_path: Path, schema: Path) -> None:
    text = "a: [yes, no, on, off, y, n, True, true, false, 2024-01-01, 3, null]"
    words = ["yes", "no", "on", "off", "y", "n", "True", True, False, "2024-01-01", 3, None]
    assert YamlFile(written(tmp_path, text), schema).content == {"a": words}


def test_anchors_and_merged_entries_are_what_they_stand_for(tmp_path: Path, schema: Path) -> None:
    file = YamlFile(written(tmp_path, "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}"), schema)
    assert file.content == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a:\n\tb: 3", "is not YAML: [^^]*line 2"),
        ("a: [1", "is not YAML: .*"),
        ("a: !!python/name:os.system x", "is not YAML: could not determine a constructor"),
        ("a: &a\n  b: *a", "is not YAML: "),
        ("? [a, b]\n: 1", "is not YAML: a name must be a text, in line 1"),
        (b"a: \xff", "cannot be read: .*utf-8"),
        ("- a", "line 1: must be names with values, and is"),
        ("ages:\n  - 3\n  - many", "line 3: ages.1: must be a number, and is 'many'"),
        ("ages: [3]\nb:\n  c: 1\n  d: 2\n  c: 3", "line 5: b.c: this name stands here twice"),
        ("b:\n  - {c: 1, c: 2}", "line 2: b.0.c: this name stands here twice"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    tmp_path: Path, schema: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(InputError, match=rf"file\.yml.* ?{sentence}"):
        YamlFile(written(tmp_path, content), schema)


def test_file_that_is_missing_is_named(tmp_path: Path, schema: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yml cannot be read: .*No such file"):
        YamlFile(tmp_path / "nowhere.yml", schema)


def test_error_is_placed_at_the_nearest_line_that_there_is(tmp_path: Path, schema: Path) -> None:
    file = YamlFile(written(tmp_path, "a:\n  b:\n    - c: 1\n    - c: 2"), schema)
    assert ", line 4: a.b.1.c: x" in str(file.error(("a", "b", 1, "c"), "x"))
    assert ", line 1: a.missing: x" in str(file.error(("a", "missing"), "x"))
    assert ", line 1: x" in str(file.error((), "x"))
