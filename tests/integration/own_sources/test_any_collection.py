"""Collections that nobody thought of: made up by a seed, loaded, changed, compared."""

import os

import pytest

from tests.integration.own_sources.company import Company
from tests.integration.own_sources.random_documents import RandomCollection

# RANDOM_COLLECTIONS=1000:1300 tries others.
FIRST, LAST = map(int, os.environ.get("RANDOM_COLLECTIONS", "0:12").split(":"))
ROUNDS = 3


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_collection_of_any_shape_is_equal_in_raw(company: Company, seed: int) -> None:
    made = RandomCollection(seed)
    documents = company.product[made.declared.collection]
    documents.insert_many([made.document() for _ in range(made.random.choice([1, 8, 30]))])
    company.declare(made.declared)
    for _ in range(ROUNDS):
        loads = company.load_documents(made.declared)
        for load in loads.values():
            assert load.read == load.inserted + load.updated + load.unchanged + load.quarantined
        bad = [made.key_of(number) for number in made.bad]
        company.assert_documents_equal(made.declared, left_out=bad)
        again = company.load_documents(made.declared).values()
        assert not any(load.inserted or load.updated or load.deleted for load in again)
        company.reconcile(made.declared)
        change(made, documents)


def change(made: RandomCollection, documents: object) -> None:
    """Replace, delete and insert some documents; those that were broken are mended or go."""
    for number in range(1, made.count + 1):
        what = made.random.random()
        if what < 0.2:
            documents.replace_one({"_id": made.key_of(number)}, made.fields())
            made.bad.discard(number)
        elif what < 0.3:
            documents.delete_one({"_id": made.key_of(number)})
            made.bad.discard(number)
    documents.insert_many([made.document() for _ in range(made.random.choice([1, 3]))])
