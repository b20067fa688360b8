"""Any documents at all, as bytes: each is in raw as it is, or in quarantine, and all are counted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.ops.load_runs import Load
from include.specs import Array, Column, DocumentKind, MongoCollection
from tests.integration.helpers.stored import StoredBytes
from tests.integration.own_sources.company import Company
from tests.stored_bytes import (
    DOCUMENTS,
    YEAR_10000,
    Drawn,
    date,
    document,
    element,
    identified,
    int32,
    is_same,
    text,
)

# A collection whose columns take anything.
KEY = Column("_id", "text", required=True, path=None, bson="extended_json")
COLUMNS = (KEY, Column("a", "jsonb", path="a"), Column("b", "text", path="b", bson="extended_json"))
ARRAY = Array("its list", "anything_a", KEY, "position", (Column("element", "jsonb", path=""),))
ANYTHING = MongoCollection(
    name="anything", key="_id", kinds=(DocumentKind("only", "anything", None, COLUMNS, (ARRAY,)),),
    strategy="full_refresh",
)  # fmt: skip
NUMBER = b"number of this one"
LIST = element(4, b"its list", document(element(9, b"0", date(YEAR_10000)), element(8, b"1", b"\1")))
IDS = {
    "int": lambda number: (0x10, int32(number), True),
    "text": lambda number: (2, text(str(number).encode()), True),
    "object": lambda number: (3, document(element(0x10, b"a", int32(number))), True),
    "date": lambda number: (9, date(YEAR_10000 + number), True),
    "bad text": lambda number: (2, text(b"%d \xff" % number), False),
    "bad object": lambda number: (3, document(*2 * [element(0x10, b"a", int32(number))]), False),
}

BESIDES = {"_id", NUMBER.decode(), "its list"}


@pytest.fixture(scope="module")
def anything(company: Company) -> Company:
    company.declare(ANYTHING)
    company.product.create_collection("anything")
    return company


@given(st.lists(st.tuples(st.sampled_from(list(IDS)), DOCUMENTS), min_size=1, max_size=12))
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_document_is_in_raw_as_it_is_or_in_quarantine(anything, drawn: list[tuple[str, Drawn]]) -> None:
    documents, expected = [], []
    for number, (name, each) in enumerate(drawn):
        kind, id_, is_good = IDS[name](number)
        documents.append(identified(kind, id_, each, element(0x10, NUMBER, int32(number)), LIST))
        expected.append(each.json if is_good and each.is_good else None)
    with pytest.MonkeyPatch.context() as patch:
        StoredBytes(patch, "anything").documents = documents
        # Of a document that turned wrong raw would keep what was loaded before.
        for table in ("quarantine.rejected_rows", "raw.anything", "raw.anything_a"):
            anything.warehouse(f"delete from {table}")
        loads = anything.load_documents(ANYTHING)
        anything.reconcile(ANYTHING)
    assert_all_are_there(anything, loads["anything"], expected)


def assert_all_are_there(anything: Company, load: Load, expected: list[object]) -> None:
    query = "select _document from raw.anything where _deleted_at is null"
    rows = [row["_document"] for row in anything.warehouse(query)]
    found = {row[NUMBER.decode()]: row for row in rows}
    rejected = anything.quarantine()
    assert load.read == len(expected) == len(rows) + len(rejected)
    assert load.quarantined == len(rejected) == len({row["position"] for row in rejected})
    assert found.keys() == {number for number, json_ in enumerate(expected) if json_ is not None}
    assert anything.warehouse("select count(*) from raw.anything_a") == [{"count": 2 * len(rows)}]
    for number, row in found.items():
        said = {name: value for name, value in row.items() if name not in BESIDES}
        assert is_same(said, expected[number])
