"""What is proposed for a company's MongoDB, and that it loads as it is printed."""

import pytest
from pymongo import MongoClient

from include.discover import discover_collections, mongo, yaml_of
from include.errors import InputError
from include.extract_load import load_collection
from include.tables import SOURCES
from tests.integration.discover import documents
from tests.integration.discover.company import RUN, create_raw, declared
from tests.integration.helpers.stored import StoredBytes
from tests.stored_bytes import document, element, int32, text


@pytest.fixture(scope="module")
def source(warehouse):
    """The database as elt_reader sees it."""
    database = warehouse.mongo("app")
    database.drop_collection("content")
    database.content.insert_one({"_id": 1, "theirs": True})
    database["Customer-List"].insert_many(documents.customers())
    database["Customer-List"].create_index([("updatedAt", 1), ("email", 1)])
    for name in ("media", "odd", "counters"):
        database[name].insert_many(getattr(documents, name)())
    database.create_collection("recent", viewOn="media", pipeline=[{"$match": {"format": "show"}}])
    database.create_collection("empty")
    database.dotted.insert_one({"_id": 1, "a.b": 1, "$c": 2, "d": 3, "": 4})
    return warehouse.mongo("elt_reader")


@pytest.fixture(scope="module")
def printed(source):
    return yaml_of(discover_collections(source, "source_mongo", SOURCES, pytest.fail), "A heading")


@pytest.fixture(scope="module")
def entries(printed, tmp_path_factory):
    return declared(printed, tmp_path_factory.mktemp("sources"))


def columns(entry, kind=0):
    return {column.name: column.bson or column.type for column in entry.kinds[kind].columns}


def test_every_collection_and_view_with_documents_is_proposed(source, entries, printed):
    assert {entry.collection: name for name, entry in entries.items()} == {
        "Customer-List": "customer_list",
        "content": f"content_{source.name}",
        "counters": "counters",
        "dotted": "dotted",
        "media": "media",
        "odd": "odd",
        "recent": "recent",
    }
    assert printed.splitlines()[1] == (
        "# Not proposed: empty, a collection without a document: nothing says what will be in it"
    )
    assert (
        f"doubt: the entry content of sources.yml does not fit this collection\n  content_{source.name}:"
        in printed
    )


def test_every_entry_loads_as_it_is_proposed(source, warehouse, entries):
    loader = warehouse.connect("elt_loader")
    for name, entry in entries.items():
        create_raw(loader, entry)
        loads = {load.table: load for load in load_collection(source, loader, entry, RUN)}
        there = source[entry.collection].count_documents({})
        parents = [loads[kind.raw] for kind in entry.kinds]
        assert (name, sum(load.inserted for load in parents)) == (name, there)
        assert sum(load.quarantined for load in loads.values()) == 0
        assert all(load.inserted > 0 for load in loads.values()), name
        again = load_collection(source, loader, entry, RUN)
        assert not any(load.inserted or load.updated or load.deleted for load in again), name


def test_values_arrive_as_they_are(source, warehouse, entries):
    loader = warehouse.connect("elt_loader")
    entry = entries["customer_list"]
    create_raw(loader, entry)
    load_collection(source, loader, entry, RUN)
    with loader, loader.cursor() as cursor:
        cursor.execute(
            "select first_name, is_active, visits, balance::text, address_geo_lat, zip::text, nickname"
            " from raw.mongo_customer_list order by points"
        )
        rows = cursor.fetchall()
        cursor.execute("select count(*), count(sku) from raw.mongo_customer_list_orders")
        orders = cursor.fetchone()
    assert rows[0] == ("Ann 0", True, 0, "0.50", 1.5, "12345", None)
    assert rows[3] == ("Ann 3", False, 3, "3.50", 1.5, '"3"', "A")
    assert rows[9] == ("Ann 9", False, 9, "9.50", None, '"9"', None)
    assert orders == (9, 9)


def test_keys_are_of_the_type_that_the_ids_have(entries):
    assert {name: columns(entry)["_id"] for name, entry in entries.items() if "content" not in name} == {
        "customer_list": "objectid",
        "counters": "integer",
        "dotted": "integer",
        "media": "text",
        "odd": "extended_json",
        "recent": "text",
    }


def test_watermark_is_a_date_of_every_document(entries, printed):
    assert {name: entry.watermark for name, entry in entries.items() if entry.watermark} == {
        "customer_list": "updatedAt",
        "media": "modified",
        "recent": "modified",
    }
    assert "doubt: no index begins with modified: each load reads the whole collection" in printed
    assert "no index begins with updatedAt" not in printed
    assert "doubt: updated_at is no watermark as it is (1 date, 1 string, 1 null, 0 without)" in printed


def test_columns_have_the_types_and_paths_of_the_fields(entries):
    assert columns(entries["customer_list"]) == {
        "_id": "objectid",
        "first_name": "text",
        "email": "text",
        "is_active": "boolean",
        "points": "integer",
        "visits": "bigint",
        "score": "double precision",
        "balance": "numeric",
        "token": "uuid",
        "address_city": "text",
        "address_geo_lat": "double precision",
        "address_geo_lon": "integer",
        "zip": "jsonb",
        "extra": "jsonb",
        "empty": "jsonb",
        "batch_id": "text",
        "nickname": "text",
    }
    paths = {column.name: column.path for column in entries["customer_list"].kinds[0].columns if column.path}
    assert paths == {
        "first_name": "firstName",
        "is_active": "isActive",
        "address_city": "address.city",
        "address_geo_lat": "address.geo.lat",
        "address_geo_lon": "address.geo.lon",
        "batch_id": "_batch_id",
    }
    assert columns(entries["odd"])["by_day"] == "jsonb"


def test_arrays_are_of_values_or_of_objects(entries):
    arrays = {array.field: array for array in entries["customer_list"].kinds[0].arrays}
    found = {
        field: [(column.name, column.bson or column.type, column.path) for column in array.elements]
        for field, array in arrays.items()
    }
    assert found == {
        "tags": [("tags", "text", "")],
        "orders": [
            ("id", "objectid", "_id"),
            ("sku", "text", None),
            ("price", "double precision", None),
            ("position_2", "integer", "position"),
            ("lines", "jsonb", None),
        ],
        "grid": [("grid", "jsonb", "")],
    }


def test_kinds_are_told_apart_by_the_field_that_comes_with_other_fields(entries):
    media = entries["media"]
    assert media.discriminator == "format"
    assert [(kind.name, kind.tag) for kind in media.kinds] == [("media_film", "film"), ("media_show", "show")]
    assert columns(media, 0).keys() - columns(media, 1).keys() == {"minutes"}
    assert columns(media, 1).keys() - columns(media, 0).keys() == {"seasons"}
    assert all(entry.discriminator is None for name, entry in entries.items() if name != "media")


@pytest.mark.parametrize(
    "sentence",
    [
        "# Customer-List, a collection: 10 documents, 4,",
        "# key: _id (objectId)",
        "# watermark: updatedAt, a date in every document, by its name",
        "nickname: text  # in 1 of 10 documents (10%)",
        "zip: jsonb  # doubt: mixed types: 9 string, 1 int",
        "pattern: jsonb  # doubt: no type of a column: 3 regex",
        "by_day: jsonb  # doubt: kept as it is: deep, or of many keys",
        "email: {type: text, personal: true}  # doubt: personal by its name",
        "# only in _document, since it is always null: nothing",
        "# only in _document, since no path leads to such a name: a.b",
        "# only in _document, since no path leads to such a name: $c",
        "# key: _id (string, int, object)\n  # doubt: such keys are kept as extended JSON",
        "# recent, a view: 2 documents, ",
        "# doubt: nothing holds _id unique here",
        "# doubt: format tells kinds apart, by the fields beside it: another value goes to quarantine",
    ],
)
def test_reasons_and_doubts_are_said(printed, sentence):
    assert sentence in printed


def test_documents_that_cannot_be_loaded_are_counted_and_do_not_stop_it(platform, monkeypatch):
    platform.mongo("app").counters.insert_many(documents.counters())
    twice = document(element(0x10, b"_id", int32(7)), *2 * [element(0x10, b"more", int32(1))])
    broken = document(element(2, b"_id", text(b"caf\xe9")), element(2, b"caf\xe9", text(b"x")))
    StoredBytes(monkeypatch, "counters").documents = [twice, broken]
    proposal = discover_collections(platform.mongo("elt_reader"), "source_mongo", SOURCES, pytest.fail)
    printed = yaml_of(proposal, "A heading")
    assert "# doubt: 2 documents that cannot be decoded, or not without a loss, will go to" in printed
    assert "more" not in printed
    assert "caf" not in printed


def test_reader_without_rights_is_told_what_an_administrator_grants(platform):
    env, name = platform.env, platform.mongo("app").name
    place = {"host": env["MONGO_HOST"], "port": int(env["MONGO_PORT"]), "directConnection": True}
    with MongoClient(**place, username="root", password=env["MONGO_ROOT_PASSWORD"]) as root:
        root[name].command("createUser", "nobody", pwd="x", roles=[])
    refused = pytest.raises(InputError, match=r"not authorized .*grantRolesToUser\(.*role: 'read'")
    with MongoClient(**place, username="nobody", password="x", authSource=name) as client, refused as raised:
        discover_collections(client[name], "source_mongo", SOURCES, pytest.fail)
    assert "full error" not in str(raised.value)


def test_progress_is_said_when_it_takes_long(platform, monkeypatch):
    monkeypatch.setattr(mongo, "SECONDS_BETWEEN_WORDS", -1)
    platform.mongo("app").counters.insert_many(documents.counters())
    said = []
    discover_collections(platform.mongo("elt_reader"), "source_mongo", SOURCES, said.append)
    assert said == ["counters: 3 of about 3 documents read"]


def test_declared_collection_is_not_proposed_again(platform):
    database = platform.mongo("app")
    database.content.insert_one({"content_id": "M1", "content_type": "movie", "title": "T"})
    proposal = discover_collections(platform.mongo("elt_reader"), "source_mongo", SOURCES, pytest.fail)
    assert (proposal.entries, proposal.others) == ((), ("content, which is declared already as content",))
