"""Tables that nobody thought of: made up by a seed, loaded, changed, compared."""

import os

import pytest

from tests.integration.own_sources.company import Company
from tests.integration.own_sources.random_tables import random_table

# RANDOM_TABLES=1000:1300 tries others.
FIRST, LAST = map(int, os.environ.get("RANDOM_TABLES", "0:12").split(":"))
ROUNDS = 3


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_table_of_any_shape_is_equal_in_raw(company: Company, seed: int) -> None:
    made = random_table(seed)
    table = made.declared
    for statement in made.create():
        company.change(statement)
    company.declare(table)
    for _ in range(ROUNDS):
        load = company.load_whole(table)
        assert load.read == load.inserted + load.updated + load.unchanged + load.quarantined
        company.assert_equal(table, made.has_key())
        again = company.load(table)
        assert not again.keys() & {"inserted", "updated", "deleted"}
        company.reconcile(table)
        for statement in made.change():
            company.change(statement)
