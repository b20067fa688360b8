"""What MongoDB would refuse to write."""

import pytest
from bson.decimal128 import Decimal128

from include.seed.storable import find_size_problem, find_write_problem, schemas_of_others
from tests.product import CONTENT

FILM = {"content_id": "M1", "title": "x"}


def movie_problem(**fields: object) -> tuple | None:
    found = find_write_problem(schemas_of_others(CONTENT)["movies"], FILM | fields)
    return found and (found.column, found.value, found.rule)


@pytest.mark.parametrize("name", ["$price", "$", "$ref", "$\0"])
def test_name_with_a_dollar_is_found_at_the_top_only(name):
    assert movie_problem(**{name: 1}) == (name.replace("\0", "\\0"), None, "dollar_name")
    assert movie_problem(more={name: [{name: 1}]}) is None


@pytest.mark.parametrize("name", ["a.b", ".", "", "a$", "price$.x", "__proto__"])
def test_other_names_are_stored(name):
    assert movie_problem(**{name: {name: 1}}) is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"seasons": "two"}, ("seasons", "two", "wrong_type")),
        ({"seasons": -1}, ("seasons", "-1", "below")),
        ({"seasons": True}, ("seasons", "True", "wrong_type")),
        ({"seasons": Decimal128("2")}, ("seasons", "2", "wrong_type")),
        ({"total_views": Decimal128("-1")}, ("total_views", "-1", "below")),
        ({"episodes_per_season": "x"}, ("episodes_per_season", "x", "wrong_type")),
        ({"episodes_per_season": [1, "x"]}, ("episodes_per_season[1]", "x", "wrong_type")),
        ({"episodes_per_season": [1, -1.5]}, ("episodes_per_season[1]", "-1.5", "below")),
        ({"seasons": 2.5, "total_views": None, "episodes_per_season": None}, None),
        ({"avg_episode_duration": Decimal128("1E+400"), "episodes_per_season": []}, None),
    ],
)
def test_fields_of_another_kind_fit_the_validator(fields, problem):
    assert movie_problem(**fields) == problem


def test_kinds_that_differ_about_a_field_are_both_asked():
    assert set(schemas_of_others(CONTENT)["series"]) == {"duration_minutes", "release_year", "views_count"}


def test_size_is_that_of_the_stored_document():
    room = 16 * 1024 * 1024 - 5 - (1 + 4 + 4) - (1 + 2 + 5)
    text = "x" * room
    assert find_size_problem(1, {"t": text}, text) is None
    found = find_size_problem(1, {"t": text + "x"}, text)
    assert found.rule == "too_large"
    assert found.reason == "the document has 16,777,217 bytes, MongoDB stores up to 16,777,216"
