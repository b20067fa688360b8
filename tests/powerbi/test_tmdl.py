"""What is wrong with a model's text is found at its place, and what is right is read as it is meant."""

from pathlib import Path

import pytest

from tests.powerbi.changed import SPECIMEN, changed
from tests.powerbi.tmdl import read

DATE, TITLE, SESSION = "tables/Date.tmdl", "tables/Title.tmdl", "tables/Viewing Session.tmdl"

# What is done to the specimen: the file, the text that is replaced, by what; and what is said of it.
UNREADABLE = {
    "blanks for tabs": (DATE, "\tdataCategory", "    dataCategory", "Date.tmdl:4: is indented with blanks"),
    "blanks after tabs": (DATE, "\t\tisKey", "\t isKey", "is indented with blanks"),
    "a property too deep": (DATE, "\t\tisKey", "\t\t\tisKey", "is indented by 3 tabs"),
    "a property too shallow": (DATE, "\t\tisKey", "\tisKey", "table has no isKey"),
    "an unknown property": (DATE, "dataCategory", "dataCategorie", "Date.tmdl:4: table has no dataCategorie"),
    "another kind's property": (
        DATE,
        "\tdataCategory: Time",
        "\tsummarizeBy: none",
        "table has no summarizeBy",
    ),
    "a child of another kind": (DATE, "\thierarchy", "\trelationship", "table has no relationship"),
    "an unknown kind": (DATE, "table Date", "tabel Date", "a file has no tabel"),
    "no word of the enumeration": (DATE, "int64", "integer", "dataType is 'integer', not one of"),
    "no type of a partition": (
        DATE,
        "Date = m",
        "Date = sql",
        "partition is 'sql', not one of m, calculated",
    ),
    "no boolean": (DATE, "Mdx: false", "Mdx: no", "isAvailableInMdx is 'no', not one of true, false"),
    "no number": ("database.tmdl", "1601", "16.01", "compatibilityLevel is '16.01', not a whole number"),
    "no value": (DATE, "dataCategory: Time", "dataCategory:", "dataCategory has no value"),
    "an equals sign for a colon": (DATE, "dataCategory:", "dataCategory =", "takes a colon and a value"),
    "a colon for an equals sign": (DATE, "source =", "source:", "source takes an equals sign"),
    "a property twice": (DATE, "isKey", "dataType: string", "dataType is set twice"),
    "a name that needs quotes": (
        DATE,
        "'Month Number'\n\t\tdataType",
        "Month Number\n\t\tdataType",
        "'Number'",
    ),
    "a reference that needs quotes": (DATE, ": 'Month Number'", ": Month Number", "sortByColumn is 'Month"),
    "an end that needs quotes": (
        "relationships.tmdl",
        "'Viewing Session'.",
        "Viewing Session.",
        "fromColumn",
    ),
    "a quote that never ends": (DATE, "'Date Key'", "'Date Key", "column has no name"),
    "a name that is missing": (DATE, "level Day", "level", "level has no name"),
    "an inner quote": (TITLE, '""catalogue""', '"catalogue"', "holds a quote that is not doubled"),
    "a parted description": (DATE, "/// The day\n", "/// The day\n\n", "Date.tmdl:18: a blank line parts"),
    "a described property": (DATE, "\t\tisKey", "\t\t/// The key\n\t\tisKey", "above the property isKey"),
    "a described relationship": (
        "relationships.tmdl",
        "relationship 5",
        "/// A\nrelationship 5",
        "takes no desc",
    ),
    "a description of nothing": (DATE, "", "\n/// The end", "describes nothing"),
    "a comment": (DATE, "/// The day", "// The day", "TMDL knows no comments"),
    "a measure without a value": (SESSION, " = COUNTROWS ( 'Viewing Session' )", "", "lacks its equals sign"),
    "an empty expression": (SESSION, "= COUNTROWS ( 'Viewing Session' )", "=", "an expression is empty"),
    "a value where none goes": (DATE, "hierarchy Calendar", "hierarchy Calendar = 1", "takes no equals sign"),
    "an expression that goes on": (
        SESSION,
        "'Viewing Session' )",
        "\n\t\t\t'Viewing Session' )",
        "by 3 tabs",
    ),
    "a control character in a name": (DATE, "level Day", "level 'Da\ty'", "holds a control character"),
    "a flat expression": (SESSION, "\t\t\tDIVIDE (\n", "\t\tDIVIDE (\n", "measure has no DIVIDE"),
    "an open fence": (
        SESSION,
        "RETURN\n\t\t\t\tDIVIDE ( longSessions, [Sessions] )\n\t\t\t```",
        "",
        "no line of",
    ),
    "text behind a fence": (TITLE, "source = ```", "source = ``` let", "text follows the three backticks"),
    "a ref without a name": ("model.tmdl", "ref table Date", "ref table", "a ref is"),
    "a ref with a description": ("model.tmdl", "ref table Date", "/// The days\nref table Date", "a ref is"),
}


def test_the_specimen_gives_no_problem() -> None:
    assert read(SPECIMEN).problems == []


@pytest.mark.parametrize("fault", UNREADABLE)
def test_reader_finds(fault: str, tmp_path: Path) -> None:
    file, old, new, said = UNREADABLE[fault]
    problems = changed(tmp_path, (file, old, new)).problems
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith(file) for problem in problems)


def test_a_byte_order_mark_and_other_encodings_are_found(tmp_path: Path) -> None:
    (tmp_path / "marked.tmdl").write_bytes(b"\xef\xbb\xbfmodel Model\n")
    (tmp_path / "latin.tmdl").write_bytes("/// Länge\nmodel Model\n".encode("latin-1"))
    latin, marked = read(tmp_path).problems
    assert latin.startswith("latin.tmdl: is not UTF-8")
    assert marked == "marked.tmdl:1: begins with a byte order mark"


def test_a_folder_without_a_model_is_a_problem(tmp_path: Path) -> None:
    assert read(tmp_path).problems == [f"{tmp_path}: no TMDL files"]


def test_lines_of_desktop_end_as_they_like(tmp_path: Path) -> None:
    model = changed(tmp_path)
    for path in tmp_path.rglob("*.tmdl"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    again = read(tmp_path)
    assert again.problems == []
    assert [node.expression for node in again.measures()] == [node.expression for node in model.measures()]


def test_expressions_are_read_without_what_indents_them() -> None:
    measures = {measure.name: measure.expression for measure in read(SPECIMEN).measures()}
    assert measures["Sessions"] == "COUNTROWS ( 'Viewing Session' )"
    assert measures["Watched Hours"].splitlines()[1:] == [
        "DIVIDE (", "\tSUM ( 'Viewing Session'[Watched Minutes] ),", "\t60", ")"
    ]  # fmt: skip
    long_sessions = measures["Share of Long Sessions"].splitlines()
    assert long_sessions[0] == "VAR longSessions ="
    assert long_sessions[-1] == "\tDIVIDE ( longSessions, [Sessions] )"


def test_properties_and_descriptions_are_read_as_they_are_meant() -> None:
    model = read(SPECIMEN)
    title = next(table for table in model.tables() if table.name == "Title")
    key, kind = model.columns(title)
    assert title.description == "One row a title of the catalogue that somebody can watch"
    assert kind.properties["displayFolder"] == 'What the "catalogue" says'
    assert key.has("isHidden")
    assert not kind.has("isHidden")
    assert [(role.name, role.of("tablePermission")[0].expression) for role in model.roles()] == [
        ("Movie Viewer", "'Title'[Kind] = \"movie\"")
    ]
    assert [node.name for node in model.expressions()][:2] == ["PostgresHost", "PostgresDatabase"]
    assert model.relationships()[1].label == "Viewing Session[Title Key] -> Title[Title Key]"
