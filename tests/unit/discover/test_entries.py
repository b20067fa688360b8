"""A proposal as YAML: valid whatever things are called, its comments in their lines."""

import pytest
import yaml

from include.declarations import read_sources
from include.discover.entries import yaml_of
from include.discover.proposal import ArrayGuess, Entry, Guess, Proposal, Shape

ODD = [
    "yes",
    "null",
    "1e3",
    "a: b",
    "# no",
    "it's",
    'say "x"',
    "two\nlines",
    "{x}",
    "- y",
    "ü",
    " blank ",
    "2024-01-01",
]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a proposal as sources.yml is read."""

    def read(proposal):
        file = tmp_path / "sources.yml"
        file.write_text(yaml_of(proposal, "heading"), encoding="utf-8")
        return read_sources(file)

    return read


@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_back_as_they_were(read, name):
    words = {"description": name, "schema": name, "table": name, "key": [name, "id"]}
    columns = (Guess(name, "text", personal=True, notes=(name,)), Guess("id", "integer"))
    entry = Entry("odd", Shape(words, columns, notes=(f"doubt: {name}",)))
    (table,) = read(Proposal("postgres", (entry,), (name,)))
    assert (table.description, table.schema, table.table, table.key) == (name, name, name, (name, "id"))
    assert [(c.name, c.type, c.personal) for c in table.columns] == [
        (name, "text", True),
        ("id", "integer", False),
    ]


def test_kinds_and_arrays_are_read_as_they_were_meant(read):
    key = Guess("_id", "objectid")
    orders = ArrayGuess(
        "a.orders", {"raw": "mongo_orders"}, (Guess("id", "objectid", "_id"),), notes=("why",)
    )
    tags = ArrayGuess("tags", {"raw": "mongo_tags"}, element=Guess("tag", "text", notes=("in 1 of 2",)))
    kinds = {
        "media_film": Shape(
            {"tag": "film"}, (key, Guess("city", "text", "at.city")), (orders, tags), ("4 documents",)
        ),
        "media_show": Shape({"tag": "show"}, (key,)),
    }
    entry = Entry("media", Shape({"key": "_id", "discriminator": "format"}, notes=("why",)), kinds)
    (collection,) = read(Proposal("mongo", (entry,)))
    film, show = collection.kinds
    assert (film.tag, show.tag, show.arrays) == ("film", "show", ())
    assert [(c.name, c.path) for c in film.columns] == [("_id", None), ("city", "at.city")]
    assert [(array.field, array.raw, array.elements[0].path) for array in film.arrays] == [
        ("a.orders", "mongo_orders", "_id"),
        ("tags", "mongo_tags", ""),
    ]


def test_reasons_stand_above_and_notes_behind():
    columns = (Guess("a", "text", notes=("one", "two")), Guess("b", "text"))
    entry = Entry("things", Shape({"key": "a"}, columns, notes=("why", "doubt: who knows")))
    printed = yaml_of(Proposal("postgres", (entry, Entry("more", Shape({})))), "Head")
    assert printed == (
        "# Head\npostgres:\n  # why\n  # doubt: who knows\n  things:\n    key: a\n    columns:\n"
        "      a: text  # one; two\n      b: text\n\n  more: {}\n"
    )


def test_nothing_to_propose_is_valid_too(read):
    proposal = Proposal("mongo", (), ("empty, which is empty",))
    assert read(proposal) == ()
    assert yaml.safe_load(yaml_of(proposal, "Head")) == {"mongo": {}}
    assert "# Not proposed: empty, which is empty\n" in yaml_of(proposal, "Head")
