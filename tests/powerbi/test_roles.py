"""Roles filter what they are of, hide the sums that they cannot filter, and are files on every system."""

import pytest

from include.errors import InputError
from powerbi.generate.model import Model, Role
from powerbi.generate.project import model_of
from powerbi.generate.roles import NOTHING, roles
from powerbi.generate.tmdl import file_name


@pytest.fixture(scope="module")
def model(manifest, definitions) -> Model:
    return model_of(manifest, definitions)


def made(model: Model, column: str, *values: str) -> tuple[Role, ...]:
    return roles(model.tables, model.relationships, {column: values})


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("nobody", "is in no table of the model"), ("age", "is no text"), ("is_current", "is no text")],
)
def test_a_column_by_which_nothing_would_be_filtered_is_refused(model, column, wrong):
    with pytest.raises(InputError, match=f"roles' column {column} {wrong}"):
        made(model, column, "x")


@pytest.mark.parametrize("values", [("Spain", "spain"), ("Spain", "Spain"), ("Korea, Rep", "Korea Rep")])
def test_roles_that_power_bi_does_not_tell_apart_are_refused(model, values):
    with pytest.raises(InputError, match="takes two roles for one"):
        made(model, "country", *values)


def test_a_role_has_no_comma_and_its_filter_has(model):
    (role,) = made(model, "country", "Korea, Republic of")
    assert role.name == "Country Korea Republic of"
    assert role.filters["Users"] == "'Users'[Country] = \"Korea, Republic of\""


def test_a_fact_that_the_column_does_not_reach_shows_nothing(model):
    (role,) = made(model, "genre", "Drama")
    assert role.filters["Genres"] == "'Genres'[Genre] = \"Drama\""
    assert role.filters["Viewing Sessions"] == NOTHING
    assert "Viewing Sessions By Genre" not in role.filters


def test_files_have_names_that_windows_takes():
    assert file_name("Country Côte d'Ivoire") == "Country Côte d'Ivoire.tmdl"
    assert file_name('Country ../A:"B"?%') == "Country ..%2FA%3A%22B%22%3F%25.tmdl"
