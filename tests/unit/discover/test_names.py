"""Which names entries get, and what the name of a column says."""

import re

import pytest

from include.discover.names import Names, as_name, is_personal_name, is_stamp_name
from include.tables import SOURCES

PATTERN = re.compile(r"[a-z][a-z0-9_]{0,37}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders", "orders"),
        ("OrderItems", "order_items"),
        ("Order Items-2", "order_items_2"),
        ("2024", "t_2024"),
        ("Größe", "groe"),
        ("Café", "cafe"),
        ("_hidden_", "hidden"),
        ("日本", "unnamed"),
        ("x" * 60, "x" * 38),
    ],
)
def test_name_of_an_entry_is_as_the_schema_wants_it(name, expected):
    assert as_name(name) == expected
    assert PATTERN.fullmatch(as_name(name))


def test_taken_name_gets_the_schema_then_a_number():
    names = Names(SOURCES)
    assert [names.entry("postgres", "users", "crm") for _ in range(3)] == ["users_crm", "users_2", "users_3"]
    assert names.entry("postgres", "Users", "crm") == "users_4"
    # One that fills the same raw table, and one that only has the same name.
    assert names.entry("mongo", "movies", "shop") == "movies_shop"
    assert names.entry("mongo", "content", "shop") == "content_shop"
    assert names.kind("events", "click") == "events_click"
    assert names.entry("mongo", "events_click", "shop") == "events_click_shop"
    assert names.raw("content", "genres") == "mongo_content_genres_2"


def test_long_names_stay_apart():
    names = Names([])
    found = [names.entry("postgres", "t" * 60, "s" * 60) for _ in range(12)]
    assert len(set(found)) == 12
    assert all(PATTERN.fullmatch(name) for name in found)


@pytest.mark.parametrize(
    "name",
    ["updated_at", "updatedAt", "modified", "Last Update", "last_modified_date", "changed_on", "UPDATE_TIME"],
)
def test_stamps_of_the_last_change_are_known_by_name(name):
    assert is_stamp_name(name)


@pytest.mark.parametrize("name", ["created_at", "updated_by", "date", "last_login", "valid_from", ""])
def test_other_moments_are_no_stamps(name):
    assert not is_stamp_name(name)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("email", "x"),
        ("E-Mail", "x"),
        ("phoneNumber", "x"),
        ("birth_date", "x"),
        ("address_city", "x"),
        ("first_name", "x"),
        ("name", "customers"),
        ("emails", "x"),
    ],
)
def test_personal_columns_are_known_by_name(name, owner):
    assert is_personal_name(name, owner)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("name", "products"),
        ("address_id", "x"),
        ("email_verified", "x"),
        ("file_name", "x"),
        ("shipment", "x"),
        ("", "x"),
    ],
)
def test_what_only_sounds_personal_is_not_marked(name, owner):
    assert not is_personal_name(name, owner)
