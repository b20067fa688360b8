"""What counts as a change of a document (docs/adr/0014): its values, not what Python takes for equal."""

import json
from datetime import datetime

import bson
import pytest
from bson import Int64
from bson.decimal128 import Decimal128

from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import movie

FIELDS = '"is_original": {}, "flags": [{}], "more": {{"deep": {}}}'


def seed(pipeline, value: str):
    """Seed a title with a value in a field, a list and an object that no column takes."""
    text = (
        json.dumps(movie())[:-1]
        + ", "
        + FIELDS.replace("{}", value).replace("{{", "{").replace("}}", "}")
        + "}"
    )
    pipeline.write("content.json", f'{{"movies": [{text}], "series": []}}')
    return counts(pipeline.seed_catalogue())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1", "true"),
        ("true", "1"),
        ("0", "false"),
        ("false", "0.0"),
        ("null", "0"),
        ("null", "false"),
        ('""', "null"),
        ("1", '"1"'),
        ("0.0", "-0.0"),
        ("0", "-0"),
        ("[]", "{}"),
        ("9007199254740993", "9007199254740992.0"),
        ("0.1", "0.10000000000000000001"),
        ("[1, 2]", "[2, 1]"),
        ('{"a": null}', "{}"),
        ('"e\\u0301"', '"\\u00e9"'),
    ],
)
def test_other_values_are_written(pipeline, old, new):
    seed(pipeline, old)
    assert seed(pipeline, new) == {"read": 1, "updated": 1}
    stored = pipeline.documents()["M1"]
    seed(pipeline, new)
    assert pipeline.documents()["M1"] == stored
    pipeline.product.content.delete_many({})
    seed(pipeline, new)
    fresh = pipeline.documents()["M1"]
    same = ("is_original", "flags", "more")
    assert bson.encode({name: fresh[name] for name in same}) == bson.encode(
        {name: stored[name] for name in same}
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5", "5.0"),
        ("5.0", "5"),
        ("5", "5.000000000000000000000"),
        ("7.10", "7.1"),
        ("1e2", "100"),
        ("1e20", "100000000000000000000"),
        ("0.30000000000000000001", "0.300000000000000000010"),
        ('{"a": 1, "b": [2]}', '{"b": [2.0], "a": 1}'),
        ('"\\u0041"', '"A"'),
    ],
)
def test_same_values_are_left_alone(pipeline, old, new):
    seed(pipeline, old)
    before = pipeline.documents()["M1"]
    assert seed(pipeline, new) == {"read": 1, "unchanged": 1}
    assert pipeline.documents()["M1"] == before


@pytest.mark.parametrize("stored", [Int64(5), 5.0, Decimal128("5.0"), 5])
def test_number_of_another_type_is_the_same_number(pipeline, stored):
    seed(pipeline, "5")
    others = {"is_original": stored, "flags": [stored], "more": {"deep": stored}}
    pipeline.product.content.update_one({}, {"$set": others})
    assert seed(pipeline, "5") == {"read": 1, "unchanged": 1}


@pytest.mark.parametrize(
    "stored",
    [
        float("nan"),
        Decimal128("NaN"),
        b"x",
        datetime(2024, 1, 1),
        bson.Regex("5"),
    ],
)
def test_what_no_file_holds_is_replaced(pipeline, stored):
    seed(pipeline, "5")
    pipeline.product.content.update_one({}, {"$set": {"is_original": stored}})
    assert seed(pipeline, "5") == {"read": 1, "updated": 1}
    assert pipeline.documents()["M1"]["is_original"] == 5
    assert seed(pipeline, "5") == {"read": 1, "unchanged": 1}
