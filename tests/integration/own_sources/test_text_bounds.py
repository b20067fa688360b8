"""Texts that an index of raw, ops or quarantine could not bear, in somebody else's systems."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from bson import ObjectId

from include.declarations import read_sources
from tests.integration.own_sources.company import Company

ENTRIES = """
postgres:
  words:
    schema: bounds
    key: word
    columns: {word: text, label: {type: text, required: true, max_bytes: 5}}
  pairs:
    schema: bounds
    key: [a, b]
    columns: {a: text, b: {type: text, max_bytes: 600}}
  loose:
    schema: bounds
mongo:
  notes:
    key: _id
    raw: bounded_notes
    columns: {_id: extended_json, title: {type: text, max_bytes: 6}}
    arrays:
      tags: {raw: note_tags, element: {name: tag, type: text, max_bytes: 4}}
  ids:
    key: _id
    raw: bounded_ids
    columns: {_id: text}
  objects:
    key: _id
    columns: {_id: objectid}
"""
MAKE = """
create schema bounds;
grant usage on schema bounds to elt_reader;
create table bounds.words (word text, label text, free text);
create table bounds.pairs (a text, b text);
create table bounds.loose (a text, b text);
grant select on all tables in schema bounds to elt_reader;
"""


def incompressible(size: int) -> str:
    return "".join(
        random.Random(size).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=size)
    )


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> dict:
    file = tmp_path_factory.mktemp("declared") / "sources.yml"
    Path(file).write_text(ENTRIES)
    return {source.name: source for source in read_sources(file)}


@pytest.fixture(scope="module")
def bounds(company: Company, declared: dict) -> Company:
    company.change(MAKE)
    company.declare(*declared.values())
    return company


def insert(company: Company, table: str, *rows: tuple) -> None:
    with company.owner.cursor() as cursor:
        cursor.execute(f"truncate bounds.{table}")
        places = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f"insert into bounds.{table} values ({places})", rows)


def rejected(company: Company, load: object) -> list[tuple]:
    rows = company.warehouse(
        "select column_name, rule from quarantine.rejected_rows where batch_id ="
        " (select batch_id from quarantine.rejected_rows order by rejected_row_id desc limit 1)"
        " and table_name = %s order by rejected_row_id",
        load.table,
    )
    return [(row["column_name"], row["rule"]) for row in rows]


def test_key_and_declared_text_of_a_table_have_a_bound_and_others_none(
    bounds: Company, declared: dict
) -> None:
    fits = [
        (incompressible(2000), "x" * 5, incompressible(9000)),
        ("ä" * 1000, "ää", None),
        ("", "a", ""),
        (" ", "b", " "),
    ]
    beyond = [
        (incompressible(2001), "x", "x"),
        ("ä" * 1000 + "x", "x", "x"),
        ("a", "xxxxxx", "x"),
        ("b", "äää", "x"),
    ]
    blank = [("c", "", "x"), ("d", " \u200b", "x"), ("e", None, "x")]
    insert(bounds, "words", *fits, *beyond, *blank)
    load = bounds.load_whole(declared["words"])
    assert (load.read, load.inserted, load.quarantined) == (11, 4, 7)
    raw = bounds.warehouse("select word, label, free from raw.postgres_words where _deleted_at is null")
    assert {tuple(row.values()) for row in raw} == set(fits)
    assert sorted(rejected(bounds, load)) == [
        *[("label", "empty")] * 2,
        ("label", "missing"),
        *[("label", "too_long")] * 2,
        *[("word", "too_long")] * 2,
    ]
    # Their keys are places in quarantine, which has an index of them.
    insert(bounds, "words", *fits, *beyond)
    again = bounds.load_whole(declared["words"])
    assert (again.unchanged, again.quarantined) == (4, 4)


def test_rejected_rows_with_long_keys_that_begin_alike_stay_two(bounds: Company, declared: dict) -> None:
    start = incompressible(50_000)
    insert(bounds, "words", ("ok", "a", ""), *((start + end, "x", "") for end in "123"))
    load = bounds.load_whole(declared["words"])
    assert load.quarantined == 3
    rows = bounds.warehouse(
        "select position from quarantine.rejected_rows where position like %s", f"{start[:100]}%"
    )
    assert len({row["position"] for row in rows}) == 3
    assert max(len(row["position"]) for row in rows) < 300


def test_texts_of_a_composite_key_share_what_an_index_bears(bounds: Company, declared: dict) -> None:
    assert [column.max_bytes for column in declared["pairs"].columns] == [1400, 600]
    fits = [(incompressible(1400), incompressible(600))]
    insert(bounds, "pairs", *fits, (incompressible(1401), "x"), ("x", incompressible(601)))
    load = bounds.load_whole(declared["pairs"])
    assert (load.inserted, load.quarantined) == (1, 2)


def test_table_without_a_key_bears_texts_of_any_length(bounds: Company, declared: dict) -> None:
    insert(bounds, "loose", ("x" * 3_000_000, incompressible(100_000)))
    assert bounds.load_whole(declared["loose"]).inserted == 1


def test_texts_of_documents_have_bounds(bounds: Company, declared: dict) -> None:
    notes = bounds.product["notes"]
    notes.delete_many({})
    long = incompressible(1998)
    good = [
        {"_id": long, "title": "xxxxxx", "tags": ["ääx"[:2], "xxxx"]},
        {"_id": {"a": "x"}, "title": "äää"},
    ]
    bad = [
        {"_id": long + "x", "title": "a"},
        {"_id": {"a": incompressible(2500)}, "title": "a"},
        {"_id": 1, "title": "ääää"},
        {"_id": 2, "title": "a", "tags": ["a", "äää"]},
    ]
    notes.insert_many([*good, *bad])
    loads = bounds.load_documents(declared["notes"])
    load = loads["bounded_notes"]
    assert (load.inserted, load.quarantined) == (2, 4)
    assert sorted(rejected(bounds, replace(load, table="mongo_notes"))) == [
        ("_id", "too_long"),
        ("_id", "too_long"),
        ("tags[1]", "too_long"),
        ("title", "too_long"),
    ]
    ids = bounds.product["ids"]
    ids.delete_many({})
    ids.insert_many([{"_id": incompressible(2000)}, {"_id": incompressible(2001)}])
    load = bounds.load_documents(declared["ids"])["bounded_ids"]
    assert (load.inserted, load.quarantined) == (1, 1)


def test_names_of_fields_of_any_length_are_reported(bounds: Company, declared: dict) -> None:
    objects = bounds.product["objects"]
    start = incompressible(5000)
    objects.insert_one({"_id": ObjectId(), f"{start}1": 1, f"{start}2": 1})
    assert bounds.load_documents(declared["objects"])["mongo_objects"].inserted == 1
    query = "select column_name from ops.schema_changes where table_name = 'mongo_objects'"
    names = {row["column_name"] for row in bounds.warehouse(query)}
    assert len(names) == 2
    assert all(name.startswith(start[:180] + "… (5,001 bytes, md5 ") for name in names)
    # They are reported once.
    objects.insert_one({"_id": ObjectId(), f"{start}1": 1})
    bounds.load_documents(declared["objects"])
    assert len(bounds.warehouse(query)) == 2


def test_data_used_as_names_of_fields_fill_no_log(
    bounds: Company, declared: dict, caplog: pytest.LogCaptureFixture
) -> None:
    bounds.product["objects"].insert_one({"_id": ObjectId(), **{f"f{n}": n for n in range(1000)}})
    bounds.load_documents(declared["objects"])
    reported = bounds.warehouse("select 1 from ops.schema_changes where column_name ~ '^f[0-9]+$'")
    assert len(reported) == 1000
    assert len([message for message in caplog.messages if "was added, first in" in message]) == 100
    assert "And 900 more changes of shape: all are in ops.schema_changes" in caplog.messages
