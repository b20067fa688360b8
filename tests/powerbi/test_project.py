"""The committed project is the generated one, and its files are what Microsoft's schemas allow."""

import json
import uuid
from pathlib import Path, PurePosixPath

import pytest

from cli.powerbi import FOLDER, write_project
from powerbi.generate.project import MODEL, NAME, REPORT
from tests.powerbi.schemas import problems

JSON = {".json", ".pbip", ".pbir", ".pbism", ".platform"}


def committed() -> dict[str, str]:
    parts = [FOLDER / f"{NAME}.pbip", *(FOLDER / MODEL).rglob("*"), *(FOLDER / REPORT).rglob("*")]
    return {
        path.relative_to(FOLDER).as_posix(): path.read_bytes().decode()
        for path in parts
        if path.is_file() and ".pbi" not in path.parts
    }


def contents(files: dict[str, str]) -> dict[str, dict]:
    return {path: json.loads(text) for path, text in files.items() if _is_json(path)}


def _is_json(path: str) -> bool:
    name = PurePosixPath(path)
    return (name.suffix or name.name) in JSON


def test_the_committed_project_is_the_one_that_is_generated(generated):
    found = committed()
    assert found.keys() == generated.keys(), "make powerbi writes the project anew"
    assert [path for path in found if found[path] != generated[path]] == [], "make powerbi writes it anew"


def test_writing_it_removes_what_is_no_more_in_it_and_keeps_what_people_put_beside_it(tmp_path, capsys):
    old, others = tmp_path / REPORT / "definition" / "old.json", ("notes.md", f"{MODEL}/.pbi/cache.abf")
    for path in (old, *(tmp_path / other for other in others)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    write_project(tmp_path)
    assert not old.exists()
    assert [(tmp_path / other).read_text() for other in others] == ["mine", "mine"]
    assert "VideoStreaming.pbip" in capsys.readouterr().out


def test_every_json_file_is_what_its_schema_allows(generated):
    checked = {path: content for path, content in contents(generated).items() if "$schema" in content}
    assert len(checked) > 40
    assert [problem for path, content in checked.items() for problem in problems(path, content)] == []
    without = {PurePosixPath(path).parent.name for path in contents(generated).keys() - checked.keys()}
    assert without == {"RegisteredResources"}


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (f"{NAME}.pbip", {"artifacts": [{"semanticModel": {"path": MODEL}}]}),
        (f"{REPORT}/definition/report.json", {"themeCollection": {"theme": {}}}),
        (f"{REPORT}/definition/pages/pages.json", {"pageOrder": "first"}),
        (f"{MODEL}/definition.pbism", {"settings": {"qna": True}}),
    ],
)
def test_a_wrong_file_is_not_what_its_schema_allows(generated, file, change):
    content = json.loads(generated[file])
    assert list(problems(file, content)) == []
    assert list(problems(file, content | change)) != []


def test_texts_have_no_byte_order_mark_and_lines_of_unix(generated):
    assert [path for path, text in generated.items() if text.startswith("\ufeff") or "\r" in text] == []
    assert [path for path, text in generated.items() if not text.endswith("\n")] == []


def test_items_are_identified_by_uuids_and_name_each_other(generated):
    found = contents(generated)
    ids = {uuid.UUID(found[f"{part}/.platform"]["config"]["logicalId"]) for part in (MODEL, REPORT)}
    assert len(ids) == 2
    path = found[f"{REPORT}/definition.pbir"]["datasetReference"]["byPath"]["path"]
    assert (Path(REPORT) / path).parts[-1] == MODEL
    (artifact,) = found[f"{NAME}.pbip"]["artifacts"]
    assert artifact["report"]["path"] == REPORT


def test_paths_are_short_enough_for_windows(generated):
    # 260 characters with the drive and the folder into which somebody clones.
    assert max(map(len, generated)) < 160


def test_a_theme_has_the_name_of_its_file(generated):
    (path,) = [path for path in generated if "RegisteredResources" in path]
    report = contents(generated)[f"{REPORT}/definition/report.json"]
    name = PurePosixPath(path).name
    assert json.loads(generated[path])["name"] == report["themeCollection"]["customTheme"]["name"] == name
