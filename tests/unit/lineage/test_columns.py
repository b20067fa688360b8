"""Edges over several models, and walks along them."""

import pytest

from include.errors import LineageError
from include.lineage import column_lineage, downstream, listed, upstream

COMPILED = {
    "staging.users": "select id, age, country from raw.users",
    "trusted.people": "select *, age >= 18 as is_grown from staging.users",
    "trusted.countries": "select country, count(*) as people from trusted.people group by country",
}
COLUMNS = {"raw.users": ["id", "age", "country"]}
EDGES = column_lineage(COMPILED, COLUMNS)


def test_each_model_has_the_edges_of_its_own_query():
    assert EDGES["trusted.people.is_grown"] == {"staging.users.age"}
    assert EDGES["trusted.people.country"] == {"staging.users.country"}
    assert EDGES["trusted.countries.people"] == {"trusted.people.*"}


def test_walks_pass_all_models_between():
    assert upstream(EDGES, "trusted.people.is_grown") == {"staging.users.age", "raw.users.age"}
    assert downstream(EDGES, "raw.users.age") == {
        "staging.users.age", "trusted.people.age", "trusted.people.is_grown",
    }  # fmt: skip
    assert downstream(EDGES, "raw.users.*") >= {"trusted.people.*", "trusted.countries.people"}


def test_edges_are_listed_in_one_order():
    edges = {"b": {"z", "y"}, "a": {"x"}, "c": set()}
    assert listed(edges) == [
        {"from": "x", "to": "a"}, {"from": "y", "to": "b"}, {"from": "z", "to": "b"},
    ]  # fmt: skip


def test_a_column_that_raw_no_longer_has_is_refused_with_the_model_that_reads_it():
    with pytest.raises(LineageError, match=r"staging\.users cannot be followed: .* age"):
        column_lineage(COMPILED, {"raw.users": ["id", "years", "country"]})
