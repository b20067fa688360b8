"""Which changes of a value count as one: numbers are told apart by value, everything else by type as well."""

from datetime import datetime

import pytest
from bson import Decimal128, Int64

from tests.integration.extract_load.mongo.catalogue import STRICT_CONTENT, change
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import movie

CHANGES = [
    (1, True, "updated"),
    ([1, 0], [True, False], "updated"),
    ({"a": 0}, {"a": False}, "updated"),
    (5, 5.0, "unchanged"),
    (5, Int64(5), "unchanged"),
    (0.0, -0.0, "unchanged"),
    (float("nan"), float("nan"), "unchanged"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "unchanged"),
    ([1, 2], [2, 1], "updated"),
    ("1", 1, "updated"),
    (Decimal128("1.5"), 1.5, "updated"),
    (Decimal128("1.5"), Decimal128("1.50"), "updated"),
    (datetime(2024, 1, 1), "2024-01-01T00:00:00Z", "updated"),
    (None, "absent", "updated"),
    (b"x", "x", "updated"),
]


@pytest.mark.parametrize(("old", "new", "outcome"), CHANGES)
def test_what_counts_as_a_change(pipeline, old, new, outcome):
    pipeline.seed_content([movie()])
    change(pipeline, "M1", extra=old)
    pipeline.extract_content()
    change(pipeline, "M1", extra=new)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, outcome: 1}
