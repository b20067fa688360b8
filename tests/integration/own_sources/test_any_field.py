"""A document's field, and the columns, keys and lists that are made of it, may have any name as well."""

from datetime import UTC, datetime
from itertools import cycle

import pytest

from include.errors import DataQualityError
from include.ops.load_runs import Load
from include.specs import Array, Column, DocumentKind, MongoCollection
from tests.integration.own_sources.company import Company
from tests.integration.own_sources.our_words import (
    AWKWARD,
    keywords,
    our_names,
    our_words,
    pairs_of_our_names,
)

COLLECTIONS, MOST_COLUMNS = 4, 400
LONG_AGO = datetime(2024, 1, 1)
# Type -> its value in the document of a number.
VALUES = {
    "text": lambda number: f"text {number}",
    "bigint": lambda number: number,
    "numeric": lambda number: number + 0.5,
    "timestamptz": lambda number: datetime(2024, 1, number),
    "boolean": lambda number: number > 1,
    "jsonb": lambda number: {"a": number},
}


@pytest.fixture(scope="module")
def words(company: Company) -> list[str]:
    # A column that holds the document has this name already: declarations refuse it.
    return sorted({*our_words(), *keywords(company.owner)} - {"_document"})


@pytest.mark.parametrize("part", range(COLLECTIONS))
def test_fields_of_any_name_are_loaded(company: Company, words: list[str], part: int) -> None:
    names = words[part::COLLECTIONS]
    key, stamp, kind, *names = names
    assert 50 < len(names) <= MOST_COLUMNS
    follow(company, collection(f"fields_{part}", key, stamp, kind, names))


@pytest.mark.parametrize(("key", "stamp"), pairs_of_our_names())
def test_key_and_stamp_have_names_of_ours(company: Company, key: str, stamp: str) -> None:
    names = [name for name in our_names() if name not in (key, stamp)][:8]
    follow(company, collection(f"one_{key}", key, stamp, "a kind", names))


@pytest.mark.parametrize("name", AWKWARD)
def test_stamp_and_fields_have_names_that_a_driver_reads(company: Company, name: str) -> None:
    number = AWKWARD.index(name)
    follow(company, collection(f"awkward_{number}", "_id", f"a.{name}", name, [*"bcdefg"]))


def collection(name: str, key: str, stamp: str, kind: str, names: list[str]) -> MongoCollection:
    """Return a collection of two kinds whose columns and lists have the names."""
    key_column = Column(key, "bigint", required=True)
    types = cycle(VALUES)
    columns = tuple(Column(found, type_) for found, type_ in zip(names[3:], types, strict=False))
    numbers = tuple(
        Column(found.name, found.type, minimum=0) if found.type == "bigint" else found for found in columns
    )
    # Parts of a list may have the names of fields; its place has one of ours.
    parts = tuple(Column(found, "text") for found in names[2:12] if found != "at")
    arrays = (
        Array(names[0], f"{name}_a", key_column, "at", parts),
        Array(names[1], f"{name}_b", key_column, names[3], (Column(names[4], "bigint", path=""),)),
    )
    kinds = (
        DocumentKind("one", f"{name}_one", "1", (key_column, *numbers), arrays),
        DocumentKind("other", f"{name}_other", "2", (key_column, *columns), arrays[:1]),
    )
    return MongoCollection(
        name=name, key=key, kinds=kinds, discriminator=kind, watermark=stamp, strategy="incremental"
    )


def document(made: MongoCollection, number: int, tag: str = "1", value: int | None = None) -> dict:
    """Return the document of a number; its values are those of `value`."""
    value = value or number
    (kind,) = [kind for kind in made.kinds if kind.tag == tag]
    listed, scalars = made.arrays
    content = {column.name: VALUES[column.type](value) for column in kind.columns[1:]}
    content[listed.field] = [
        {part.name: f"{part.name} {value} {place}" for part in listed.elements} for place in range(2)
    ]
    if tag == "1":
        content[scalars.field] = [value, value + 1]
    found = {made.key: number, made.discriminator: tag} | content
    put(found, made.watermark, datetime.now(UTC))
    return found


def put(found: dict, path: str, value: object) -> None:
    *places, last = path.split(".")
    for place in places:
        found = found.setdefault(place, {})
    found[last] = value


def follow(company: Company, made: MongoCollection) -> None:
    """Load and change the collection; after each load compare all its values with raw."""
    documents = company.product[made.name]
    documents.create_index(made.key, unique=True)
    for number in (1, 2, 3):
        documents.insert_one(document(made, number))
    documents.insert_one(document(made, 9, "2"))
    company.declare(made)
    one, other = made.kinds

    def assert_loaded(*bad: int) -> dict[str, Load]:
        loads = company.load_documents(made)
        left_out = [found["_id"] for found in documents.find({made.key: {"$in": list(bad)}})]
        company.assert_documents_equal(made, left_out=left_out)
        company.reconcile(made)
        return loads

    loads = assert_loaded()
    assert (loads[one.raw].inserted, loads[other.raw].inserted) == (3, 1)
    documents.replace_one({made.key: 1}, document(made, 1, value=7))
    documents.delete_one({made.key: 2})
    documents.insert_one(document(made, 4))
    load = assert_loaded()[one.raw]
    assert (load.inserted, load.updated, load.deleted) == (1, 1, 1)
    # Another kind, and back with what breaks a rule.
    documents.replace_one({made.key: 3}, document(made, 3, "2"))
    loads = assert_loaded()
    assert (loads[one.raw].deleted, loads[other.raw].inserted) == (1, 1)
    ruled = next((column.name for column in one.columns if column.minimum == 0), None)
    if ruled:
        documents.insert_one(document(made, 5) | {ruled: -1})
        assert assert_loaded(5)[one.raw].quarantined == 1
        (row,) = company.warehouse(
            "select column_name from quarantine.rejected_rows where source_name = %s", made.raw
        )
        assert row == {"column_name": ruled}
        number = '"{}"'.format(ruled.replace('"', '""'))
        company.warehouse(f"update raw.{one.raw} set {number} = {number} + 90")
        with pytest.raises(DataQualityError, match="in raw"):
            company.reconcile(made)
