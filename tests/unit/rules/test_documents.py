"""What makes a document unloadable, and how the problem is told."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from bson import ObjectId
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from include.rules import documents
from include.rules.document_values import number
from include.specs import DocumentKind
from tests.product import CONTENT

MOVIES, SERIES = CONTENT.kinds
MOVIE = {
    "content_id": "M001",
    "title": "Amélie",
    "genre": ["Comedy", "Romance"],
    "duration_minutes": 122.5,
    "release_year": 2001,
    "rating": 8.3,
    "views_count": 1200,
    "production_budget": 10_000_000,
}
SHOW = {
    "content_id": "S001",
    "title": "Dark",
    "genre": ["Drama"],
    "seasons": 2,
    "episodes_per_season": [10, 8],
    "avg_episode_duration": 53,
    "rating": 8.7,
    "total_views": 900,
    "production_budget": 18_000_000,
}


def find_problem(kind: DocumentKind, document: object) -> tuple | None:
    found = documents.DocumentRules(kind).find_problem(document)
    return found and found[:3]


def find_managed_field(document: object) -> tuple | None:
    found = documents.find_managed_field(CONTENT, document)
    return found and found[:3]


def nested(levels: int) -> object:
    value: object = "bottom"
    for _ in range(levels):
        value = {"inner": value}
    return value


def test_documents_of_the_contract_are_loadable() -> None:
    assert find_problem(MOVIES, MOVIE) is None
    assert find_problem(SERIES, SHOW) is None


def test_what_mongodb_adds_is_loadable() -> None:
    stamps = {"created_at": datetime.now(UTC), "updated_at": datetime.now(UTC)}
    assert find_problem(MOVIES, {"_id": ObjectId(), "content_type": "movie", **MOVIE, **stamps}) is None


def test_only_key_and_title_must_be_there() -> None:
    assert find_problem(MOVIES, {"content_id": "M001", "title": "Amélie"}) is None
    nulls = dict.fromkeys(SHOW) | {"content_id": "S001", "title": "Dark"}
    assert find_problem(SERIES, nulls) is None


@pytest.mark.parametrize(
    "values",
    [
        {"release_year": 2001.0},
        {"release_year": Int64(2001)},
        {"release_year": Decimal128("2001.00")},
        {"views_count": 2**63 - 1},
        {"views_count": 0},
        {"rating": Decimal128("8.35")},
        {"rating": 0},
        {"rating": 99},
        {"production_budget": 10**15},
        {"genre": []},
        {"title": " padded "},
        {"crew": [{"name": "Jeunet", "roles": ["director", None, 1, True]}]},
        {"": "a field without a name"},
        {"deep": nested(90)},
        {"biggest": 2**63 - 1, "smallest": -(2**63)},
    ],
)
def test_value_is_loadable(values: dict) -> None:
    assert find_problem(MOVIES, {**MOVIE, **values}) is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        # text
        ({"content_id": None}, ("content_id", None, "is missing")),
        ({"content_id": ""}, ("content_id", "", "is empty")),
        ({"content_id": " \t\n"}, ("content_id", " \t\n", "is empty")),
        ({"content_id": 7}, ("content_id", "7", "is not text but a int")),
        ({"content_id": "M\0"}, ("content_id", "M\\0", "holds a NUL character")),
        ({"title": None}, ("title", None, "is missing")),
        ({"title": ["Dark"]}, ("title", "['Dark']", "is not text but a list")),
        ({"title": {"en": "Dark"}}, ("title", "{'en': 'Dark'}", "is not text but an object")),
        ({"title": True}, ("title", "True", "is not text but true/false")),
        # whole numbers
        ({"release_year": 2001.5}, ("release_year", "2001.5", "is not a whole number")),
        ({"release_year": "2001"}, ("release_year", "2001", "is not a whole number but text")),
        ({"release_year": True}, ("release_year", "True", "is not a whole number but true/false")),
        ({"release_year": [2001]}, ("release_year", "[2001]", "is not a whole number but a list")),
        ({"release_year": 1799}, ("release_year", "1799", "is below 1800")),
        ({"release_year": 2201}, ("release_year", "2201", "is above 2200")),
        ({"release_year": float("nan")}, ("release_year", "nan", "is not a whole number")),
        ({"release_year": float("inf")}, ("release_year", "inf", "is not a whole number")),
        ({"release_year": Decimal128("2001.5")}, ("release_year", "2001.5", "is not a whole number")),
        ({"views_count": -1}, ("views_count", "-1", "is below 0")),
        ({"views_count": 2**63}, ("views_count", str(2**63), f"is above {2**63 - 1}")),
        ({"views_count": 1e300}, ("views_count", "1e+300", f"is above {2**63 - 1}")),
        ({"views_count": 10**400}, ("views_count", str(10**400), f"is above {2**63 - 1}")),
        # numbers
        ({"rating": "8.3"}, ("rating", "8.3", "is not a number but text")),
        ({"rating": False}, ("rating", "False", "is not a number but true/false")),
        ({"rating": {}}, ("rating", "{}", "is not a number but an object")),
        ({"rating": float("-inf")}, ("rating", "-inf", "is not a number")),
        ({"rating": -0.1}, ("rating", "-0.1", "is below 0")),
        ({"rating": 10**400}, ("rating", str(10**400), "is above 99")),
        ({"rating": Decimal128("99.1")}, ("rating", "99.1", "is above 99")),
        ({"rating": Decimal128("1E+6000")}, ("rating", "1E+6000", "is above 99")),
        ({"rating": Decimal128("NaN")}, ("rating", "NaN", "is not a number")),
        ({"rating": Decimal128("sNaN")}, ("rating", "NaN", "is not a number")),
        ({"rating": Decimal128("Infinity")}, ("rating", "Infinity", "is not a number")),
        (
            {"rating": datetime(2024, 1, 2)},
            ("rating", "2024-01-02 00:00:00", "is not a number but a datetime"),
        ),
        ({"rating": "\ud800"}, ("rating", "\\ud800", "is not a number but text")),
        ({"production_budget": 10**15 + 1}, ("production_budget", str(10**15 + 1), f"is above {10**15}")),
        # lists
        ({"genre": "Drama"}, ("genre", "Drama", "is not a list but text")),
        ({"genre": {"0": "Drama"}}, ("genre", "{'0': 'Drama'}", "is not a list but an object")),
        ({"genre": ["Drama", 3]}, ("genre[1]", "3", "is not text but a int")),
        ({"genre": ["Drama", None]}, ("genre[1]", None, "is missing")),
        ({"genre": ["Drama", "Sci-Fi", " "]}, ("genre[2]", " ", "is empty")),
        ({"genre": [["Drama"]]}, ("genre[0]", "['Drama']", "is not text but a list")),
        ({"genre": ["Dra\0ma"]}, ("genre[0]", "Dra\\0ma", "holds a NUL character")),
        # the whole document
        ({"note": "a\0b"}, (None, None, "holds a NUL character")),
        ({"crew": [{"name": ["x", "a\0b"]}]}, (None, None, "holds a NUL character")),
        ({"deep": nested(101)}, (None, None, "is nested more than 100 levels deep")),
        ({"deep": nested(400)}, (None, None, "is nested more than 100 levels deep")),
    ],
)
def test_problem_is_told_with_path_value_and_reason(values: dict, problem: tuple) -> None:
    assert find_problem(MOVIES, {**MOVIE, **values}) == problem


@pytest.mark.parametrize(
    ("episodes", "problem"),
    [
        ([10, "8"], ("episodes_per_season[1]", "8", "is not a whole number but text")),
        ([10, 8.5], ("episodes_per_season[1]", "8.5", "is not a whole number")),
        ([True], ("episodes_per_season[0]", "True", "is not a whole number but true/false")),
        ([10, -1], ("episodes_per_season[1]", "-1", "is below 0")),
        ([10, 8, 2**31], ("episodes_per_season[2]", str(2**31), f"is above {2**31 - 1}")),
        ([10, None], ("episodes_per_season[1]", None, "is missing")),
        (10, ("episodes_per_season", "10", "is not a list but a int")),
        ([10, 8.0, Decimal128("6")], None),
        ([], None),
        (None, None),
    ],
)
def test_elements_are_checked_one_by_one(episodes: object, problem: tuple | None) -> None:
    assert find_problem(SERIES, {**SHOW, "episodes_per_season": episodes}) == problem


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"big": 2**63}, "8-byte ints"),
        ({"crew": [{"age": -(2**70)}]}, "8-byte ints"),
        ({"title": "half \ud800"}, "surrogates not allowed"),
        ({"note": "half \udfff"}, "surrogates not allowed"),
        ({"half \ud800": 1}, "surrogates not allowed"),
        ({"a\0b": 1}, "NULL byte"),
        ({"crew": {"a\0b": 1}}, "NULL byte"),
        ({"note": {1, 2}}, "cannot encode object"),
    ],
)
def test_document_that_mongodb_cannot_hold_is_told_in_storable_words(values: dict, words: str) -> None:
    column, value, reason = find_problem(MOVIES, {**MOVIE, **values})
    assert (column, value) == (None, None)
    assert reason.startswith("cannot be stored in MongoDB: ")
    assert words in reason
    # PostgreSQL keeps the reason: neither half characters nor NUL.
    assert reason.encode()
    assert "\0" not in reason


@pytest.mark.parametrize(
    ("document", "value", "kind"),
    [
        (None, "None", "null"),
        ("M001", "'M001'", "text"),
        ("\0\ud800", r"'\x00\ud800'", "text"),
        ([MOVIE["title"]], "['Amélie']", "a list"),
        (7, "7", "a int"),
        (False, "False", "true/false"),
    ],
)
def test_element_that_is_no_object_is_shown(document: object, value: str, kind: str) -> None:
    assert find_problem(MOVIES, document) == (None, value, f"is not an object but {kind}")
    assert find_managed_field(document) is None


def test_first_problem_is_the_one_that_is_told() -> None:
    document = {**SHOW, "title": "", "seasons": "two", "genre": 1, "note": "\0"}
    assert find_problem(SERIES, document) == ("title", "", "is empty")
    assert find_problem(SERIES, {**document, "title": "Dark"})[0] == "seasons"
    assert find_problem(SERIES, {**document, "title": "Dark", "seasons": 2})[0] == "genre"


@pytest.mark.parametrize("name", CONTENT.managed_fields)
@pytest.mark.parametrize("value", ["mine", None, 7])
def test_field_that_the_platform_sets_may_not_come_from_a_file(name: str, value: object) -> None:
    path, shown, reason = find_managed_field({**MOVIE, name: value})
    assert (path, shown) == (name, None if value is None else str(value))
    assert reason == "is set by the platform; take the field out of the file"


def test_own_fields_are_nobody_elses_business() -> None:
    assert find_managed_field(MOVIE) is None
    assert find_managed_field({**MOVIE, "crew": {"_id": 1, "created_at": "x"}}) is None


def test_decimal_becomes_what_postgres_reads() -> None:
    assert number(Decimal128("8.30")) == Decimal("8.30")
    assert isinstance(number(Decimal128("8.30")), Decimal)
    assert number(8.3) == 8.3
    assert number(None) is None


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"title": None}, "missing"),
        ({"title": " "}, "empty"),
        ({"title": "a\0b"}, "nul"),
        ({"title": 7}, "wrong_type"),
        ({"rating": "8.3"}, "wrong_type"),
        ({"genre": "Drama"}, "wrong_type"),
        ({"genre": ["Drama", ""]}, "empty"),
        ({"rating": float("nan")}, "not_a_number"),
        ({"views_count": 1.5}, "not_a_whole_number"),
        ({"release_year": 1700}, "below"),
        ({"release_year": 2300}, "above"),
        ({"crew": nested(101)}, "too_deep"),
        ({"crew": {"name": "a\0b"}}, "nul"),
        ({"crew": 2**64}, "not_storable"),
    ],
)
def test_every_problem_has_the_code_of_its_rule(values: dict[str, object], rule: str) -> None:
    found = documents.DocumentRules(MOVIES).find_problem({**MOVIE, **values})
    assert found is not None
    assert found.rule == rule


def test_other_problems_have_codes_too() -> None:
    assert documents.DocumentRules(MOVIES).find_problem([]).rule == "wrong_type"
    assert documents.find_managed_field(CONTENT, {"_id": 1}).rule == "managed_field"
