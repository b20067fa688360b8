"""What a model's objects say of each other is checked: each reference that leads nowhere is found."""

from pathlib import Path

import pytest

from tests.powerbi.changed import SPECIMEN, changed
from tests.powerbi.references import problems
from tests.powerbi.tmdl import Model, read

DATE, TITLE, SESSION = "tables/Date.tmdl", "tables/Title.tmdl", "tables/Viewing Session.tmdl"
SCOPE, ROLE, OVERVIEW = "tables/Scope.tmdl", "roles/Movie Viewer.tmdl", "perspectives/Overview.tmdl"
MODEL, JOINS = "model.tmdl", "relationships.tmdl"
EMPTY_TABLE = "table {}\n\n\tpartition {} = m\n\t\tmode: import\n\t\tsource = let a = 1 in a\n"

# What is done to the specimen: the file, the text that is replaced, by what; and what is said of it.
UNFOUND = {
    "an end that is no column": (JOINS, "Date.'Date Key'", "Date.'Day Key'", "'Day Key' is no"),
    "an end that is no table": (JOINS, "Date.'Date Key'", "Day.'Date Key'", "is no column"),
    "ends of two types": (TITLE, "int64", "string", "the types of Viewing Session[Title Key] ->"),
    "a sort column that is not there": (DATE, ": 'Month Number'", ": 'Month No'", "sortByColumn Month No"),
    "a level's column that is not there": (DATE, "column: Year", "column: Years", "column Years of Date[Cal"),
    "a level without a column": (DATE, "\t\t\tcolumn: Year\n", "", "column None of Date[Calendar][Year]"),
    "a table without a partition": ("tables/Extra.tmdl", "", "table Extra\n", "table Extra has no partition"),
    "a table like an expression": (
        "tables/A.tmdl", "", EMPTY_TABLE.format("postgresHost", "p"), "an expression have the same name"
    ),
    "a table twice": ("tables/A.tmdl", "", EMPTY_TABLE.format("title", "p"), "the name Title of a table"),
    "a column twice": (DATE, "column Year\n", "column date\n", "the name date of a column is given twice"),
    "a column like a measure": (SESSION, "column Length", "column SESSIONS", "the name SESSIONS of a column"),
    "a hierarchy like a column": (DATE, "hierarchy Calendar", "hierarchy Year", "the name Year of a"),
    "a measure twice": (DATE, "\thierarchy", "\tmeasure sessions = 1\n\n\thierarchy", "of a measure is"),
    "a level twice": (DATE, "level Day", "level Month", "the name Month of a level is given twice"),
    "a role's table that is not there": (ROLE, "tablePermission Title", "tablePermission Titles", "no table"),
    "a perspective's table that is not there": (
        OVERVIEW, "perspectiveTable Title", "perspectiveTable Titles", "is no table"
    ),
    "a ref to nothing": (MODEL, "ref table Date", "ref table Dates", "ref table Dates has no"),
    "two formats": (SESSION, "displayFolder: Use", 'formatStringDefinition = "0"', "and a formatStr"),
    "two keys": (DATE, "isAvailableInMdx: false", "isKey", "table Date has several keys: Date Key, Date"),
    "security that filters further": (
        JOINS, "relyOnReferentialIntegrity", "securityFilteringBehavior: bothDirections", "filters do not"
    ),
    "a second model": (OVERVIEW, "perspective Overview\n", "model A\nperspective Overview\n", "2 objects of"),
    "no level": ("database.tmdl", "\tcompatibilityLevel: 1601\n", "", "has no compatibilityLevel"),
    "an old version": (MODEL, "powerBI_V3", "powerBI_V1", "is not powerBI_V3"),
    "implicit measures": (MODEL, "\tdiscourageImplicitMeasures\n", "", "ask for discourageImplicitMeasures"),
    "DAX with an unknown table": (SESSION, "( 'Viewing Session' )", "( 'View' )", "names the table View"),
    "DAX with an unknown bare table": (SESSION, "( 'Viewing Session' )", "( View[Day] )", "the table View"),
    "DAX with an unknown column": (SESSION, "[Watched Minutes] )", "[Minutes] )", "Viewing Session[Minutes]"),
    "DAX with an unknown measure": (SESSION, ", [Sessions] )", ", [Session] )", "names [Session]"),
    "a calculated column with an unknown column": (SESSION, "[Watched Minutes] >", "[Min] >", "Session[Min]"),
    "a role with an unknown column": (ROLE, "[Kind]", "[Type]", "Title[Type], which is no field"),
    "an item with an unknown table": (SCOPE, "( 'Title' )", "( 'Titles' )", "names the table Titles"),
    "an open bracket": (SESSION, "( 'Viewing Session' )", "( 'Viewing Session'", "has an unbalanced ("),
    "a closed bracket": (SESSION, "( 'Viewing Session' )", "'Viewing Session' )", "an unbalanced )"),
    "crossed brackets": (SESSION, "( 'Viewing Session' )", "( { 'Viewing Session' ) }", "an unbalanced )"),
    "an open text": (SESSION, '= "long"', '= "long', 'has an unbalanced "'),
}  # fmt: skip
RELATIONSHIP = "\nrelationship second\n\tfromColumn: {}\n\ttoColumn: {}\n"


def found(model: Model) -> list[str]:
    assert model.problems == []
    return problems(model)


def test_the_specimen_gives_no_problem() -> None:
    assert found(read(SPECIMEN)) == []


@pytest.mark.parametrize("fault", UNFOUND)
def test_references_find(fault: str, tmp_path: Path) -> None:
    file, old, new, said = UNFOUND[fault]
    sentences = found(changed(tmp_path, (file, old, new)))
    assert any(said in sentence for sentence in sentences), sentences


def test_a_lineage_tag_that_is_given_twice_is_found(tmp_path: Path) -> None:
    dates, titles = (
        table.properties["lineageTag"] for table in read(SPECIMEN).tables() if table.name in "Date Title"
    )
    sentences = found(changed(tmp_path, (TITLE, titles, dates)))
    assert sentences == [
        f"{file}:{line}: the lineageTag {dates} is given 2 times" for file, line in ((DATE, 2), (TITLE, 3))
    ]


def test_two_active_relationships_between_two_tables_are_found(tmp_path: Path) -> None:
    second = RELATIONSHIP.format("'Viewing Session'.'Date Key'", "Title.'Title Key'")
    sentences = found(changed(tmp_path, (JOINS, "", second)))
    assert "2 active relationships join Title and Viewing Session" in sentences
    tolerated = second + "\tisActive: false\n"
    assert found(changed(tmp_path / "inactive", (JOINS, "", tolerated))) == []


def test_a_second_way_of_a_filter_is_found(tmp_path: Path) -> None:
    way = RELATIONSHIP.format("Title.'Title Key'", "Date.'Date Key'")
    sentences = found(changed(tmp_path, (JOINS, "", way)))
    assert sentences == ["a filter on Date reaches Viewing Session in 2 ways"]


@pytest.mark.parametrize("both", ["crossFilteringBehavior: bothDirections", "fromCardinality: one"])
def test_a_filter_in_both_directions_opens_a_second_way(both: str, tmp_path: Path) -> None:
    shared = RELATIONSHIP.format("Scope.Ordinal", "Title.'Title Key'")
    shared += RELATIONSHIP.format("Scope.Ordinal", "Date.'Date Key'").replace("second", "third")
    assert found(changed(tmp_path / "one", (JOINS, "", shared))) == []
    titles = (JOINS, "\trelyOnReferentialIntegrity", f"\t{both}")
    sentences = found(changed(tmp_path / "both", (JOINS, "", shared), titles))
    assert "a filter on Date reaches Scope in 2 ways" in sentences


@pytest.mark.parametrize(
    "dax",
    [
        "'Viewing Session'[Watched Minutes] // not [Nothing] )",
        "\"[Nothing] (\" & 'Title'[Kind]",
        "VAR t = VALUES ( 'Title'[Kind] ) RETURN COUNTROWS ( FILTER ( t, t[Kind] = \"a\" ) )",
        "SUMX ( ADDCOLUMNS ( 'Title', \"Hours\", [Watched Hours] ), [Hours] )",
        "SUMX ( ADDCOLUMNS ( 'Title', \"@Hours\", [Watched Hours] ), [@Hours] )",
        "SUMX ( ADDCOLUMNS ( 'Title', \"Hours [all]\", [Watched Hours] ), [Hours [all]]] )",
        "/* { [Nothing] */ PERCENTILE.INC ( 'Viewing Session'[watched minutes], 0.9 )",
    ],
)
def test_what_dax_may_name_is_no_problem(dax: str, tmp_path: Path) -> None:
    assert found(changed(tmp_path, (SESSION, "COUNTROWS ( 'Viewing Session' )", dax))) == []
