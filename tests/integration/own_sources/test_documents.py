"""Collections of somebody else's MongoDB: every value equal in raw, whatever the documents are and become."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from bson import Binary, Code, CodecOptions, UuidRepresentation
from bson.decimal128 import Decimal128
from pymongo import ReadPreference
from pymongo.database import Database

from include.errors import DataQualityError, InputError
from include.extract_load.mongo_reading import everything_before_is_visible
from include.specs import MongoCollection
from tests.integration.own_sources.company import COLLECTIONS, Company
from tests.integration.own_sources.documents import OIDS, UUIDS

NOW = object()


def set_in(name: str, key: object, fields: dict) -> Callable[[Database], object]:
    return lambda database: database[name].update_one({"_id": key}, {"$set": stamped(fields)})


def unset(name: str, key: object, *fields: str, **also: object) -> Callable[[Database], object]:
    gone = {"$unset": dict.fromkeys(fields, 1)}
    return lambda database: database[name].update_one(
        {"_id": key}, gone | ({"$set": stamped(also)} if also else {})
    )


def delete(name: str, key: object) -> Callable[[Database], object]:
    return lambda database: database[name].delete_one({"_id": key})


def insert(name: str, document: dict) -> Callable[[Database], object]:
    return lambda database: database[name].insert_one(document)


def stamped(fields: dict) -> dict:
    """Return the fields with the present moment for NOW: the tests are collected long before they run."""
    return {name: datetime.now(UTC) if value is NOW else value for name, value in fields.items()}


# What somebody does to a collection, and what the next load counts for its first raw table.
CHANGES = {
    "tickets": [
        (set_in("tickets", OIDS[1], {"priority": 5, "tags": ["x"], "meta.changed": NOW}), {"updated": 1}),
        # Never stamped, so read by every load.
        (
            set_in("tickets", OIDS[2], {"customer": {"phones": ["9"], "address": {"city": "x"}}}),
            {"updated": 1},
        ),
        (set_in("tickets", OIDS[2], {"messages": [{"text": "a"}, {"text": "b"}]}), {"updated": 1}),
        (set_in("tickets", OIDS[2], {"messages": [{"text": "b"}]}), {"updated": 1}),
        (unset("tickets", OIDS[2], "messages", "priority"), {"updated": 1}),
        (unset("tickets", OIDS[0], "customer", "tags", **{"meta.changed": NOW, "cost": 1}), {"updated": 1}),
        (delete("tickets", OIDS[0]), {"deleted": 1}),
        (insert("tickets", {"_id": OIDS[8], "subject": "new", "tags": ["n"]}), {"inserted": 1}),
    ],
    "orders": [
        # A field of this name is no stamp here.
        (set_in("Orders & more", {"shop": 1, "no": 2}, {"updated_at": "today"}), {"updated": 1}),
        (insert("Orders & more", {"_id": {"shop": 1, "no": 3}, "updated_at": "x"}), {"inserted": 1}),
        (delete("Orders & more", {"no": 2, "shop": 1}), {"deleted": 1}),
        (delete("Orders & more", "7"), {"deleted": 1}),
        (set_in("Orders & more", 7, {"total": Decimal128("3.2500000001")}), {"updated": 1}),
    ],
    "counters": [
        (set_in("counters", 1, {"value": 2}), {"updated": 1}),
        (delete("counters", -3), {"deleted": 1}),
    ],
    "devices": [
        (set_in("devices", Binary.from_uuid(UUIDS[0]), {"name": "x", "updated_at": NOW}), {"updated": 1}),
        (delete("devices", Binary.from_uuid(UUIDS[1])), {"deleted": 1}),
    ],
    "pages": [
        (lambda database: database.pages.update_one({"slug": "a"}, {"$set": {"hits": 9}}), {"updated": 1}),
        (
            lambda database: database.pages.update_one({"slug": "a"}, {"$set": {"slug": "b"}}),
            {"inserted": 1, "deleted": 1},
        ),
    ],
    "events": [
        (set_in("events", OIDS[0], {"labels": ["b"], "at": NOW}), {"updated": 1}),
        # Another kind, with the same child table.
        (set_in("events", OIDS[0], {"head.kind": "view", "at": NOW}), {"deleted": 1}),
        (delete("events", OIDS[2]), {}),
        (set_in("events", OIDS[1], {"labels": ["n"], "at": NOW}), {"updated": 1}),
    ],
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_value_arrives_and_every_change_follows(company: Company, name: str) -> None:
    collection = COLLECTIONS[name]
    company.load_documents(collection)
    company.assert_documents_equal(collection)
    assert written(company, collection) == {}
    for change, expected in CHANGES[name]:
        change(company.product)
        assert written(company, collection) == expected
        company.assert_documents_equal(collection)
    company.reconcile(collection)


def written(company: Company, collection: MongoCollection) -> dict[str, int]:
    """Load; return what was done to the collection's first raw table."""
    load = company.load_documents(collection)[collection.kinds[0].raw]
    counted = {"inserted": load.inserted, "updated": load.updated, "deleted": load.deleted}
    return {what: count for what, count in counted.items() if count}


def test_document_that_was_only_touched_is_unchanged(company: Company) -> None:
    collection = COLLECTIONS["devices"]
    company.load_documents(collection)
    key = Binary.from_uuid(UUIDS[4])
    set_in("devices", key, {"updated_at": NOW})(company.product)
    assert written(company, collection) == {}
    set_in("devices", key, {"updated_at": NOW, "name": "x"})(company.product)
    assert written(company, collection) == {"updated": 1}
    assert company.warehouse("select name from raw.mongo_devices where _id = %s", str(UUIDS[4])) == [
        {"name": "x"}
    ]


# Documents that break what is declared, and what quarantine says of each: column, value, reason.
BROKEN = {
    "tickets": [
        ({}, ("subject", None, "is missing")),
        ({"subject": " "}, ("subject", " ", "is empty")),
        ({"subject": 5}, ("subject", "5", "is not text but a int")),
        ({"subject": Code("x", {"a": 1})}, ("subject", "x", "is not text but a Code")),
        ({"priority": 6}, ("priority", "6", "is above 5")),
        ({"priority": 1.5}, ("priority", "1.5", "is not a whole number")),
        ({"size": 1e30}, ("size", "1e+30", f"is above {2**63 - 1}")),
        ({"cost": Decimal128("NaN")}, ("cost", "NaN", "is not a number")),
        ({"score": Decimal128("1E+6000")}, ("score", "1E+6000", "is not a number")),
        ({"score": Decimal128("sNaN")}, ("score", "NaN", "is not a number")),
        ({"device": "x"}, ("device", "x", "is not a UUID but text")),
        ({"device": Binary(b"abc", 4)}, ("device", "b'abc'", "is not a UUID but a Binary")),
        ({"assignee": str(OIDS[0])}, ("assignee", str(OIDS[0]), "is not an ObjectId but text")),
        ({"opened": "today"}, ("opened", "today", "is not a date but text")),
        ({"is_open": 1}, ("is_open", "1", "is not true/false but a int")),
        ({"customer": {"address": "Köln"}}, ("city", "Köln", "is not an object but text")),
        ({"customer": 5}, ("city", "5", "is not an object but a int")),
        ({"tags": "a"}, ("tags", "a", "is not a list but text")),
        ({"tags": ["a", 5]}, ("tags[1]", "5", "is not text but a int")),
        ({"customer": {"phones": {"a": 1}}}, ("customer.phones", "{'a': 1}", "is not a list but an object")),
        ({"messages": ["a"]}, ("messages[0]", "a", "is not an object but text")),
        ({"messages": [{"text": "a"}, {}]}, ("messages[1].text", None, "is missing")),
        ({"messages": [{"text": "a", "by": 5}]}, ("messages[0].by.name", "5", "is not an object but a int")),
        ({"unheard_of": ["nul \0"]}, (None, None, "holds a NUL character")),
        ({"meta": {"changed": "today"}}, ("meta.changed", "today", "is not a date")),
        ({"meta": "today"}, ("meta.changed", "today", "is not a date")),
    ],
    "counters": [
        ({"_id": 50, "value": -(2**31) - 1}, ("value", str(-(2**31) - 1), f"is below {-(2**31)}")),
        ({"_id": 51, "value": 2**31}, ("value", str(2**31), f"is above {2**31 - 1}")),
        ({"_id": "x"}, ("_id", "x", "is not a whole number but text")),
        ({"_id": 1.5}, ("_id", "1.5", "is not a whole number")),
    ],
    "pages": [({}, ("slug", None, "is missing")), ({"slug": ""}, ("slug", "", "is empty"))],
    "events": [
        ({"head": {"kind": "film"}}, ("head.kind", "film", "is no kind of document that is known")),
        ({"head": None}, ("head.kind", "None", "is no kind of document that is known")),
        ({"head": {"kind": "view"}, "labels": [None]}, ("labels[0]", None, "is missing")),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_document_that_breaks_a_rule_goes_to_quarantine(company: Company, name: str) -> None:
    collection = COLLECTIONS[name]
    company.load_documents(collection)
    base = {"subject": "s"} if name == "tickets" else {}
    documents = [dict(base if fields else {}) | fields for fields, _ in BROKEN[name]]
    company.product[collection.collection].insert_many(documents)
    company.warehouse("delete from quarantine.rejected_rows")
    loads = company.load_documents(collection)
    ids = {document["_id"]: found for document, (_, found) in zip(documents, BROKEN[name], strict=True)}
    rows = company.quarantine()
    found = {row["position"]: (row["column_name"], row["value"], row["reason"]) for row in rows}
    assert found == {str(key): expected for key, expected in ids.items()}
    for load in loads.values():
        assert load.read == load.inserted + load.updated + load.unchanged + load.quarantined
    assert sum(load.quarantined for load in loads.values()) == len(documents)
    company.assert_documents_equal(collection, left_out=ids)
    company.reconcile(collection)
    company.product[collection.collection].delete_many({"_id": {"$in": list(ids)}})


def test_documents_that_share_a_key_stop_the_load(company: Company) -> None:
    collection, pages = COLLECTIONS["pages"], company.product.pages
    company.load_documents(collection)
    before = company.warehouse("select * from raw.mongo_pages")
    # Two without a key share none.
    doubles = [{"slug": "twice"}, {"slug": "twice", "hits": 1}, {"slug": None}, {}, {"slug": 5}, {"slug": 5}]
    ids = pages.insert_many(doubles).inserted_ids
    message = (
        r"pages: documents of pages share a key \(slug\): twice\. Declare .* _id always does. Nothing was"
    )
    with pytest.raises(InputError, match=message):
        company.load_documents(collection)
    assert company.warehouse("select * from raw.mongo_pages") == before
    pages.delete_one({"_id": ids[0]})
    company.load_documents(collection)
    company.assert_documents_equal(collection, left_out=ids[2:])
    pages.delete_many({"_id": {"$in": ids}})


@pytest.mark.parametrize(
    ("name", "statement", "found"),
    [
        (
            "tickets",
            "update raw.mongo_tickets set priority = 4 where subject = 'empty'",
            "in the source, 4 in raw",
        ),
        ("tickets", "delete from raw.tickets_phones where number = 1", "1) (missing in raw)"),
        (
            "counters",
            "update raw.mongo_counters set value = 0 where _id = 1099511627776",
            "-2147483648 in the",
        ),
        ("orders", "delete from raw.mongo_orders where _id like '%%numberDouble%%'", "(missing in raw)"),
        ("events", "update raw.events_labels set position = 9 where label = 'c'", "9) (not in the source)"),
    ],
)
def test_row_that_somebody_changed_in_raw_is_found(
    own_company: Company, name: str, statement: str, found: str
) -> None:
    collection = COLLECTIONS[name]
    own_company.load_documents(collection)
    own_company.reconcile(collection)
    own_company.warehouse(statement)
    with pytest.raises(DataQualityError) as raised:
        own_company.reconcile(collection)
    assert found in str(raised.value)


def test_what_a_connection_makes_of_values_is_no_matter(own_company: Company) -> None:
    company, collection = own_company, COLLECTIONS["devices"]
    # As with uuidRepresentation and tz_aware in a URI.
    options = CodecOptions(uuid_representation=UuidRepresentation.STANDARD, tz_aware=True)
    company.catalogue = company.catalogue.with_options(codec_options=options)
    company.load_documents(collection)
    company.assert_documents_equal(collection)
    assert written(company, collection) == {}
    company.reconcile(collection)


class Secondary:
    """A server that has replayed up to a moment, and whose clock is ahead of it."""

    read_preference = ReadPreference.SECONDARY_PREFERRED
    clock, replayed = datetime(2024, 9, 1, 12), datetime(2024, 9, 1, 11, 55)

    def __init__(self, is_secondary: bool) -> None:
        self.is_secondary = is_secondary

    def command(self, name: str, read_preference: ReadPreference) -> dict[str, object]:
        assert (name, read_preference) == ("hello", self.read_preference)
        last_write = {"lastWrite": {"lastWriteDate": self.replayed}}
        return {"localTime": self.clock, "secondary": self.is_secondary} | last_write


@pytest.mark.parametrize(("is_secondary", "moment"), [(True, Secondary.replayed), (False, Secondary.clock)])
def test_watermark_of_a_secondary_is_what_it_has_replayed(is_secondary: bool, moment: datetime) -> None:
    assert everything_before_is_visible(Secondary(is_secondary)) == moment.replace(tzinfo=UTC)
