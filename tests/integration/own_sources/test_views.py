"""Views whose documents share an `_id`, or have none: what is set aside is counted one by one."""

import pytest

from include.errors import InputError
from include.specs import Column, DocumentKind, MongoCollection
from tests.integration.own_sources.company import Company

LINE = Column("line", "integer", required=True)
COLUMNS = (LINE, Column("part", "text", required=True))
LINES = MongoCollection(name="lines", key="line", kinds=(DocumentKind("only", "lines", None, COLUMNS),))


@pytest.fixture(scope="module")
def baskets(company: Company) -> Company:
    company.declare(LINES)
    company.product.baskets.insert_one(
        {"lines": [{"line": n, "part": p} for n, p in enumerate(["a", 5, 6, "b"])]}
    )
    return company


@pytest.mark.parametrize("project", [{}, {"_id": 0}])
def test_rejected_documents_of_a_view_are_several(baskets: Company, project: dict) -> None:
    fields = {"line": "$lines.line", "part": "$lines.part"}
    pipeline = [{"$unwind": "$lines"}, {"$project": fields | project}]
    baskets.product.drop_collection("lines")
    baskets.product.create_collection("lines", viewOn="baskets", pipeline=pipeline)
    baskets.warehouse("delete from quarantine.rejected_rows")
    for _ in range(2):
        load = baskets.load_documents(LINES)["lines"]
        assert (load.read, load.quarantined) == (4, 2)
    rows = baskets.quarantine()
    assert len({(row["batch_id"], row["position"]) for row in rows}) == 4
    assert {row["value"] for row in rows} == {"5", "6"}


def test_ids_that_a_view_repeats_are_no_key(baskets: Company) -> None:
    key = Column("_id", "text", required=True, bson="objectid")
    kind = DocumentKind("only", "lines_by_id", None, (key,))
    by_id = MongoCollection(name="lines_by_id", key="_id", kinds=(kind,), collection="lines_by_id")
    baskets.declare(by_id)
    baskets.product.create_collection("lines_by_id", viewOn="baskets", pipeline=[{"$unwind": "$lines"}])
    with pytest.raises(InputError, match=r"documents of lines_by_id share a key \(_id\)"):
        baskets.load_documents(by_id)
