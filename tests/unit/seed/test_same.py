"""When a document of a file is the stored one."""

from datetime import datetime

import pytest
from bson import Code, DBRef, ObjectId
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from include.seed.same import is_same

NAN = float("nan")


@pytest.mark.parametrize(
    ("new", "stored"),
    [
        (5, 5.0),
        (5, Int64(5)),
        (5.0, Decimal128("5.00")),
        (Decimal128("7.10"), Decimal128("7.1")),
        (2**63 - 1, Int64(2**63 - 1)),
        (NAN, NAN),
        (NAN, Decimal128("NaN")),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": Int64(1)}),
        (None, None),
        ("x", "x"),
        (True, True),
        ([], []),
    ],
)
def test_same_value(new, stored):
    assert is_same(new, stored)
    assert is_same([{"deep": new}], [{"deep": stored}])


@pytest.mark.parametrize(
    ("new", "stored"),
    [
        (1, True),
        (True, 1),
        (0.0, False),
        (False, None),
        (0.0, -0.0),
        (0, -0.0),
        (0.1, Decimal128("0.1000000000000000055511151231257827")),
        (2**53 + 1, 2.0**53),
        (NAN, 0.0),
        (1, NAN),
        (1, Decimal128("sNaN")),
        (1, "1"),
        ("x", Code("x")),
        ("2024-01-01", datetime(2024, 1, 1)),
        (None, ""),
        ([], {}),
        ([], None),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": 1, "b": None}, {"a": 1}),
        ({"$ref": "a", "$id": 1}, DBRef("a", 1)),
        ("65f0", ObjectId()),
    ],
)
def test_other_value(new, stored):
    assert not is_same(new, stored)
    assert not is_same([{"deep": new}], [{"deep": stored}])
